/** Words of the page on which a folder is labelled; apart from text.ts, since visitors of a site never load them. */
import { text } from '../app/text';

const rules = new Intl.PluralRules(text.locale);
const photos = (count: number): string =>
  `${String(count)} ${rules.select(count) === 'one' ? 'photo' : 'photos'}`;

export const words = {
  opening: 'Opening the folder …',
  failed: (reason: string) => `The folder can’t be opened: ${reason}`,
  gone: 'the task that serves this page has ended. Start ./inv label again with the same folder, then try again here.',
  unsaved: (reason: string) => `Not saved: ${reason}`,
  answered: (status: number) => `the task answered ${String(status)}.`,
  retry: text.retry,
  reload: text.reload,
  saved: 'All saved',
  saving: 'Saving …',
  waiting: 'Not saved',
  progress: (done: number, all: number) => `${String(done)} of ${photos(all)}`,

  model: 'The model can’t run here, so nothing is proposed. Draw the frames yourself.',
  surveying: (done: number, all: number) =>
    `The model looks at the photos, to begin with the one that it is least sure of: ${String(done)} of ${String(all)}`,
  begin: 'Begin now',
  looking: 'The model looks at this photo …',
  proposed: 'Proposed, not saved yet. Correct what is wrong, then confirm.',
  drawn: 'Draw a frame around every object, then confirm.',
  kept: 'Saved. Changes are saved at once.',
  left: (count: number) =>
    `${String(count)} without a name (?): press the key of a class, or leave them out.`,

  previous: 'Previous',
  skip: 'Skip',
  done: 'Done, next',
  nothing: 'Nothing on it, next',
  clear: 'Delete all frames',

  classes: 'Classes',
  classesHint: 'Of the chosen frame, or of the next that you draw.',
  frames: 'Frames on this photo',
  noFrames: 'None yet.',
  list: 'All photos',
  open: 'to do',
  objects: (count: number) => (count === 0 ? 'nothing on it' : String(count)),
  broken: 'can’t be shown',
  incomplete: 'its end is missing, and training takes none such: copy or download it again',
  unshown: 'the browser can’t open it',
  sure: (share: string) => `${share} sure`,
  byHand: '✓',

  keys: 'Keys',
  keyList: [
    ['Enter', 'done, next photo'],
    ['Page Up, Page Down', 'previous photo, skip'],
    ['1–9, letters', 'the class'],
    ['Delete', 'delete the chosen frame'],
    ['Arrows', 'move the frame; with Shift they resize it'],
    ['Ctrl+Z', 'take back'],
    ['Esc', 'choose no frame'],
    ['+, −', 'zoom, with the photo focused'],
  ],

  finished: (count: number) => `All ${photos(count)} are labelled.`,
  train: 'Train on them with:',
  copy: text.exports.copy,
  copied: text.exports.copied,
  copyFailed: text.exports.copyFailed,
  again: 'Look at the last one again',
};
