/** What a recognition shows at a threshold of the visitor's: no new inference, only another choice among its detections. */
import { lines as inReadingOrder, probability } from '@digitlens/recognizer';
import type { Box, Detection, Manifest } from '@digitlens/recognizer';

/** Lower than this, detections are noise on any photo. */
const LEAST = 0.1;

/** Objects that are read together. */
export interface FoundNumber {
  text: string;
  /** 0–1, that of its least certain object */
  score: number;
  box: Box;
}

export interface Findings {
  /** the text of each line of the photo, spaces between its numbers */
  lines: string[];
  /** in reading order */
  detections: Detection[];
  /** in reading order */
  numbers: FoundNumber[];
  /** the detections again: line by line, number by number */
  rows: Detection[][][];
}

/** What the visitor wants to see. */
export interface Choice {
  /** probability, 0–1, that a find must have; the model's own thresholds if not given */
  least?: number | undefined;
  /** classes that are not shown */
  hidden: ReadonlySet<string>;
}

/** How many objects of a class were found. */
export interface Count {
  class: string;
  /** of the class in the manifest's list */
  index: number;
  count: number;
}

type Model = Pick<
  Manifest,
  'classes' | 'reading' | 'score_threshold' | 'class_thresholds' | 'score_calibration'
>;

/** Score down to which detections are asked for, so that the slider has something to show. */
export function leastScore(
  manifest: Pick<Manifest, 'score_threshold' | 'class_thresholds'>,
): number {
  const own = Object.values(manifest.class_thresholds ?? {});
  return Math.min(LEAST, manifest.score_threshold, ...own);
}

/** Those that are certain enough, whatever their class, in the order of `detections`. */
export function certain(detections: Detection[], manifest: Model, { least }: Choice): Detection[] {
  return detections.filter(({ class: name, score }) =>
    least === undefined
      ? score >= thresholdOf(name, manifest)
      : // A hair less than what the slider says is that.
        probability(score, manifest) >= least - 1e-9,
  );
}

function thresholdOf(name: string, { class_thresholds: own, score_threshold }: Model): number {
  // A class may be called "constructor".
  return own && Object.hasOwn(own, name) ? own[name] : score_threshold;
}

/** What is shown of `detections`, best first. */
export function findingsAt(detections: Detection[], manifest: Model, choice: Choice): Findings {
  const chosen = certain(detections, manifest, choice);
  return arranged(
    chosen.filter(({ class: name }) => !choice.hidden.has(name)),
    manifest,
  );
}

/** Finds in reading order. */
export function arranged(
  finds: readonly Detection[],
  { reading }: Pick<Manifest, 'reading'>,
): Findings {
  const groups =
    reading === 'lines' ? inReadingOrder(cornersOf(finds)) : finds.map((_, index) => [[index]]);
  const members = groups.map((line) => line.map((indices) => indices.map((index) => finds[index])));
  const numbers = members.map((line) => line.map(numberOf));
  return {
    lines: numbers.map((line) => line.map((number) => number.text).join(' ')),
    detections: members.flat(2),
    numbers: numbers.flat(),
    rows: members,
  };
}

/** How many there are of each class, in the manifest's order. */
export function countsOf(
  finds: readonly Detection[],
  { classes }: Pick<Manifest, 'classes'>,
): Count[] {
  const counts = new Map<string, number>();
  for (const { class: name } of finds) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => ({ class: name, index: classes.indexOf(name), count }))
    .sort((one, other) => one.index - other.index);
}

function cornersOf(detections: readonly Detection[]): Float64Array {
  return Float64Array.from(
    detections.flatMap(({ box }) => [box.ymin, box.xmin, box.ymax, box.xmax]),
  );
}

function numberOf(members: Detection[]): FoundNumber {
  const boxes = members.map((member) => member.box);
  return {
    text: members.map((member) => member.class).join(''),
    score: Math.min(...members.map((member) => member.score)),
    box: {
      xmin: Math.min(...boxes.map((box) => box.xmin)),
      ymin: Math.min(...boxes.map((box) => box.ymin)),
      xmax: Math.max(...boxes.map((box) => box.xmax)),
      ymax: Math.max(...boxes.map((box) => box.ymax)),
    },
  };
}
