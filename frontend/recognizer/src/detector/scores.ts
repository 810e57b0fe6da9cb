/**
 * What raw scores mean: from which on an object counts, and how often one that scores so is right.
 *
 * The same two rules as training/detector/scores.py; both are held to tests/vectors/scores.json. Thresholds are compared with
 * raw scores, after suppression; people are shown probabilities.
 */
import type { Manifest } from '../model/manifest';

type Calibration = NonNullable<Manifest['score_calibration']>;

/** [c] the raw score from which on each class counts. */
export function thresholdsOf(
  manifest: Pick<Manifest, 'classes' | 'score_threshold' | 'class_thresholds'>,
): number[] {
  const own = manifest.class_thresholds ?? {};
  return manifest.classes.map((name) =>
    Object.hasOwn(own, name) ? own[name] : manifest.score_threshold,
  );
}

/**
 * How often a detection of this raw score is right, 0–1: what to show people. Along the line through the points of the
 * model's calibration, level beyond its ends; the score as it is where the model wasn't calibrated.
 */
export function probability(
  score: number,
  { score_calibration: calibration }: { score_calibration?: Calibration | null },
): number {
  if (!calibration) return score;
  const { scores, probabilities } = calibration;
  const above = scores.findIndex((one) => one > score);
  if (above < 0) return probabilities[probabilities.length - 1];
  if (above === 0) return probabilities[0];
  const [from, to] = [above - 1, above];
  const slope = (probabilities[to] - probabilities[from]) / (scores[to] - scores[from]);
  // In the order of NumPy's own steps: the last bit is the same.
  return slope * (score - scores[from]) + probabilities[from];
}
