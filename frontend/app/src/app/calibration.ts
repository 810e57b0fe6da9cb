/** What scores mean: the share of finds of that score that are right, as it was measured when the model was made. */
import type { Manifest } from '@digitlens/recognizer';

export type Calibrated = Pick<Manifest, 'score_calibration'>;

/** The probability that a find of `score` is right, 0–1; the score itself where the model doesn't know better. */
export function probabilityOf(score: number, { score_calibration: curve }: Calibrated): number {
  if (!curve) return score;
  const { scores, probabilities } = curve;
  const next = scores.findIndex((one) => one >= score);
  if (next === 0) return probabilities[0];
  if (next < 0) return probabilities[probabilities.length - 1];
  const share = (score - scores[next - 1]) / (scores[next] - scores[next - 1]);
  return probabilities[next - 1] + share * (probabilities[next] - probabilities[next - 1]);
}
