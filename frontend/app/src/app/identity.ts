/** What a page calls itself, from the classes of its model. Runs in Node when a site is put together (infra/page). */
import { listed } from './format';
import { pluralOf } from './plurals';
import { text } from './text';

/** What is needed of a manifest. */
export interface Model {
  name: string;
  classes: string[];
  reading: 'lines' | 'none';
  /** the name of the folder whose photos are labelled, where that is what the page is for */
  folder?: string | null;
}

export interface Identity {
  lang: string;
  name: string;
  /** one line: what it does, where */
  promise: string;
  /** of all that reads digits, ours; else the letter on the icon, nothing where the name begins with none of A to Z */
  icon: { kind: 'digits' } | { kind: 'letter'; letter: string } | { kind: 'neutral' };
  /** what is read while, and where, the program doesn't start */
  starting: string;
  late: string;
  noscript: string;
}

/** Classes that a name consists of; more would be a list. */
const NAMED = 3;
/** Letters of a name that fit a heading. */
const NAME_LENGTH = 40;
/** Letters of one class's name in a sentence. */
const CLASS_LENGTH = 32;

export function identityOf(model: Model): Identity {
  const name = nameOf(model);
  const letter = /^[a-z]/i.exec(name)?.[0].toUpperCase();
  const others =
    letter === undefined ? ({ kind: 'neutral' } as const) : { kind: 'letter' as const, letter };
  return {
    lang: text.locale.slice(0, 2),
    name,
    promise: model.folder ? text.promise.labelling : promiseOf(model),
    icon: isDigits(model) ? { kind: 'digits' } : others,
    starting: text.start.starting,
    late: text.start.late,
    noscript: text.start.noscript,
  };
}

/** Whether all that is found is digits, read as numbers. */
function isDigits({ classes, reading }: Model): boolean {
  return reading === 'lines' && classes.every((name) => /^\d$/.test(name));
}

function nameOf(model: Model): string {
  if (model.folder) return clipped(model.folder, NAME_LENGTH);
  if (isDigits(model)) return text.name;
  if (model.reading === 'none' && model.classes.length <= NAMED) {
    const name = capital(listed(model.classes.map(several)));
    if (Array.from(name).length <= NAME_LENGTH) return name;
  }
  return clipped(capital(model.name.replaceAll(/[_-]+/g, ' ').trim()) || text.name, NAME_LENGTH);
}

function promiseOf(model: Model): string {
  if (isDigits(model)) return text.promise.numbers;
  if (model.reading === 'lines') return text.promise.characters;
  const { classes } = model;
  const shown = classes.length > NAMED + 1 ? classes.slice(0, NAMED) : classes;
  const names = shown.map((name) => clipped(several(name), CLASS_LENGTH));
  const more = classes.length - shown.length;
  return text.promise.objects(listed(more > 0 ? [...names, text.promise.others(more)] : names));
}

function several(name: string): string {
  return pluralOf(name) ?? name;
}

function capital(words: string): string {
  const [first = '', ...rest] = Array.from(words);
  return first.toLocaleUpperCase(text.locale) + rest.join('');
}

function clipped(words: string, length: number): string {
  const letters = Array.from(words);
  return letters.length > length ? `${letters.slice(0, length - 1).join('')}…` : words;
}
