/** Photos of a folder that is labelled, what is on each, and which is next. */
import type { Detection } from '@digitlens/recognizer';
import type { Labelled, Listed } from './folder';

export interface Entry {
  /** place in the folder */
  id: number;
  name: string;
  width: number;
  height: number;
  /** what annotations.csv said when the page was opened; null: the photo wasn't looked at */
  kept: readonly Detection[] | null;
  /** what the model saw; nothing before it looked */
  proposed?: readonly Detection[];
  /** 0–1, how sure the model is of what it is least sure of */
  sureness?: number;
  /** what a person made of it, one change after another */
  work: readonly (readonly Detection[])[];
  /** whether a person said that it is right as it is */
  isConfirmed: boolean;
  /** whether it was left for later */
  isSkipped: boolean;
  /** why it can't be shown */
  problem?: string;
}

export function entryOf({ name, width, height, objects, problem }: Listed, id: number): Entry {
  const own = { id, name, width: width ?? 1, height: height ?? 1, work: [] };
  const kept = objects?.map(findOf) ?? null;
  const why = problem === undefined ? {} : { problem };
  return { ...own, kept, isConfirmed: false, isSkipped: false, ...why };
}

/** What is on a photo, as far as is known; nothing before there is anything to say. */
export function findsOf(
  { work, kept, proposed }: Entry,
  hasModel: boolean,
): readonly Detection[] | undefined {
  return work.at(-1) ?? kept ?? proposed ?? (hasModel ? undefined : []);
}

/** Whether the photo was looked at: what is on it is kept. */
export function isDone({ work, kept, isConfirmed }: Entry): boolean {
  return work.length > 0 || isConfirmed || kept !== null;
}

/** Finds that count: those that have a name. */
export function namedOf(finds: readonly Detection[]): Detection[] {
  return finds.filter(({ class: name }) => name !== '');
}

/** The photo to go on with: the least sure of those that the model looked at, then the others, what was skipped last. */
export function following(entries: readonly Entry[], current?: number): Entry | undefined {
  const open = entries.filter((entry) => !isDone(entry) && entry.problem === undefined);
  const others = open.filter(({ id }) => id !== current);
  const rank = ({ isSkipped, sureness, id }: Entry): number[] => [
    Number(isSkipped),
    sureness ?? 2,
    id,
  ];
  const compared = others.map((entry) => ({ entry, rank: rank(entry) }));
  compared.sort((one, other) => {
    const differing = one.rank.findIndex((value, place) => value !== other.rank[place]);
    return differing < 0 ? 0 : one.rank[differing] - other.rank[differing];
  });
  return compared.at(0)?.entry;
}

/** A person is sure. */
function findOf({ class: name, xmin, ymin, xmax, ymax }: Labelled): Detection {
  return { class: name, score: 1, box: { xmin, ymin, xmax, ymax } };
}
