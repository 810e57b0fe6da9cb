/**
 * What the network says to detections: threshold, candidates, suppression.
 *
 * The same routine as training/detector/recognition.py; both are held to tests/vectors/recognition.json.
 */
import type { Manifest } from './manifest';

export type Suppression = Manifest['suppression'];

/** Detections of one photo, best first. */
export interface Kept {
  /** [k] index into the model's classes */
  classes: number[];
  /** [k] 0–1 */
  scores: number[];
  /** [k, 4] ymin, xmin, ymax, xmax in the unit of the boxes given to `detect` */
  boxes: Float64Array;
}

interface Candidate {
  location: number;
  class: number;
  score: number;
}

/**
 * Greedy non-maximum suppression over the best class of each location.
 *
 * @param boxes [n, 4] ymin, xmin, ymax, xmax
 * @param scores [n, c], or [n, 1 + c] with the background first where `backgroundColumn`
 * @param minScore locations whose best class scores less are dropped
 */
export function detect(
  boxes: Float32Array,
  scores: Float32Array,
  suppression: Suppression,
  minScore: number,
  backgroundColumn: boolean,
): Kept {
  const candidates = bestClasses(scores, boxes.length / 4, minScore, backgroundColumn);
  // Sorting is stable: equal scores keep the order of their locations, as in Python.
  candidates.sort((a, b) => b.score - a.score);
  candidates.length = Math.min(candidates.length, suppression.max_candidates);
  const kept: Candidate[] = [];
  for (const candidate of candidates) {
    if (kept.length === suppression.max_detections) break;
    const hidden = kept.some(
      (better) =>
        (suppression.class_agnostic || better.class === candidate.class) &&
        intersectionOverUnion(boxes, better.location, candidate.location) >
          suppression.iou_threshold,
    );
    if (!hidden) kept.push(candidate);
  }
  return {
    classes: kept.map((candidate) => candidate.class),
    scores: kept.map((candidate) => candidate.score),
    boxes: Float64Array.from(
      kept.flatMap(({ location }) => [...boxes.subarray(location * 4, location * 4 + 4)]),
    ),
  };
}

function bestClasses(
  scores: Float32Array,
  locations: number,
  minScore: number,
  backgroundColumn: boolean,
): Candidate[] {
  const columns = scores.length / locations;
  const firstColumn = backgroundColumn ? 1 : 0;
  const candidates: Candidate[] = [];
  for (let location = 0; location < locations; location++) {
    const row = location * columns;
    let best = firstColumn;
    for (let column = firstColumn + 1; column < columns; column++) {
      if (scores[row + column] > scores[row + best]) best = column;
    }
    const score = scores[row + best];
    if (score >= minScore) candidates.push({ location, class: best - firstColumn, score });
  }
  return candidates;
}

/** IoU of two rows of `boxes`, 0 where both are empty. */
function intersectionOverUnion(boxes: Float32Array, one: number, other: number): number {
  const a = one * 4;
  const b = other * 4;
  const overlap =
    Math.max(0, Math.min(boxes[a + 2], boxes[b + 2]) - Math.max(boxes[a], boxes[b])) *
    Math.max(0, Math.min(boxes[a + 3], boxes[b + 3]) - Math.max(boxes[a + 1], boxes[b + 1]));
  const union = area(boxes, a) + area(boxes, b) - overlap;
  return union > 0 ? overlap / union : 0;
}

function area(boxes: Float32Array, at: number): number {
  return (boxes[at + 2] - boxes[at]) * (boxes[at + 3] - boxes[at + 1]);
}
