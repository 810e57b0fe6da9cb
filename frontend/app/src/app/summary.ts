/** What was found, in a few words. */
import { probability, type Manifest } from '@digitlens/recognizer';
import { countsOf, type Findings } from './findings';
import { enumerated } from './format';
import { text } from './text';

/** Less probable than this, a sign may well be another. */
const DOUBT = 0.7;

/** The text of each line of the photo, or how many there are of each class; nothing where nothing was found. */
export function summaryOf(
  findings: Findings,
  manifest: Pick<Manifest, 'classes' | 'reading'>,
): string[] {
  if (manifest.reading === 'lines') return findings.lines;
  const counts = countsOf(findings.detections, manifest);
  if (counts.length === 0) return [];
  return [enumerated(counts.map(({ class: name, count }) => text.counted(name, count)))];
}

/** A sign of a line, or the gap between two numbers. */
export interface Sign {
  text: string;
  isDoubtful: boolean;
}

export interface Line {
  text: string;
  signs: Sign[];
  /** whether any of it is doubtful */
  isDoubtful: boolean;
}

/** Lines with what is doubtful of them. Scores of a model that doesn't know what they mean raise no doubt. */
export function linesOf(
  { lines, rows }: Findings,
  manifest: Pick<Manifest, 'score_calibration'>,
): Line[] {
  return rows.map((numbers, index) => {
    const signs = numbers.flatMap((members, place): Sign[] => [
      ...(place > 0 ? [{ text: ' ', isDoubtful: false }] : []),
      ...members.map(({ class: name, score }) => ({
        text: name,
        isDoubtful:
          manifest.score_calibration !== undefined && probability(score, manifest) < DOUBT,
      })),
    ]);
    return { text: lines[index], signs, isDoubtful: signs.some((sign) => sign.isDoubtful) };
  });
}
