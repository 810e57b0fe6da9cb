/**
 * What the network says to detections: threshold, candidates, suppression.
 *
 * The same routine as training/detector/recognition.py; both are held to tests/vectors/recognition.json.
 */
import type { Manifest } from '../model/manifest';

export type Suppression = Manifest['suppression'];

/** Detections of one photo, best first. */
export interface Kept {
  /** [k] index into the model's classes */
  classes: number[];
  /** [k] 0–1 */
  scores: number[];
  /** [k, 4] ymin, xmin, ymax, xmax in the unit of the candidates' boxes */
  boxes: Float64Array;
  /** [k][c] of every class at the same place */
  classScores: number[][];
}

/** A location and its best class. */
export interface Candidate {
  /** index into the model's classes */
  class: number;
  /** 0–1 */
  score: number;
  /** ymin, xmin, ymax, xmax; one unit for all candidates */
  box: ArrayLike<number>;
  /** [c] of every class */
  classScores: ArrayLike<number>;
}

/**
 * The best class of each location that reaches `minScore`, in the order of the locations.
 *
 * @param boxes [n, 4] ymin, xmin, ymax, xmax
 * @param scores [n, c], or [n, 1 + c] with the background first where `backgroundColumn`
 */
export function candidates(
  boxes: Float32Array,
  scores: Float32Array,
  minScore: number,
  backgroundColumn: boolean,
): Candidate[] {
  const locations = boxes.length / 4;
  const columns = scores.length / locations;
  const firstColumn = backgroundColumn ? 1 : 0;
  const found: Candidate[] = [];
  for (let location = 0; location < locations; location++) {
    const row = location * columns;
    let best = firstColumn;
    for (let column = firstColumn + 1; column < columns; column++) {
      if (scores[row + column] > scores[row + best]) best = column;
    }
    const score = scores[row + best];
    const box = boxes.subarray(location * 4, location * 4 + 4);
    const classScores = scores.subarray(row + firstColumn, row + columns);
    if (score >= minScore) found.push({ class: best - firstColumn, score, box, classScores });
  }
  return found;
}

/** Greedy non-maximum suppression: candidates that no better one hides. */
export function suppress(found: readonly Candidate[], suppression: Suppression): Kept {
  // Sorting is stable: equal scores keep the order of their locations, as in Python.
  const best = [...found].sort((a, b) => b.score - a.score).slice(0, suppression.max_candidates);
  const kept: Candidate[] = [];
  for (const candidate of best) {
    if (kept.length === suppression.max_detections) break;
    const hidden = kept.some(
      (better) =>
        (suppression.class_agnostic || better.class === candidate.class) &&
        intersectionOverUnion(better.box, candidate.box) > suppression.iou_threshold,
    );
    if (!hidden) kept.push(candidate);
  }
  return {
    classes: kept.map((candidate) => candidate.class),
    scores: kept.map((candidate) => candidate.score),
    boxes: Float64Array.from(kept.flatMap(({ box }) => Array.from(box))),
    classScores: kept.map(({ classScores }) => Array.from(classScores)),
  };
}

/** IoU of two boxes, 0 where both are empty. */
function intersectionOverUnion(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const overlap =
    Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) *
    Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const union = area(a) + area(b) - overlap;
  return union > 0 ? overlap / union : 0;
}

function area(box: ArrayLike<number>): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
}
