/** What a recognition shows at a threshold of the visitor's: no new inference, only another choice among its detections. */
import { lines as inReadingOrder } from '@digitlens/recognizer';
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
}

/** Score down to which detections are asked for, so that the slider has something to show. */
export function leastScore(manifest: Manifest): number {
  return Math.min(LEAST, manifest.score_threshold);
}

/**
 * @param detections best first
 * @param threshold 0–1
 */
export function findingsAt(
  detections: Detection[],
  threshold: number,
  { reading }: Pick<Manifest, 'reading'>,
): Findings {
  const certain = detections.filter(({ score }) => score >= threshold);
  const groups =
    reading === 'lines' ? inReadingOrder(cornersOf(certain)) : certain.map((_, index) => [[index]]);
  const members = groups.map((line) =>
    line.map((indices) => indices.map((index) => certain[index])),
  );
  const numbers = members.map((line) => line.map(numberOf));
  return {
    lines: numbers.map((line) => line.map((number) => number.text).join(' ')),
    detections: members.flat(2),
    numbers: numbers.flat(),
  };
}

function cornersOf(detections: Detection[]): Float64Array {
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
