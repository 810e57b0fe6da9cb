import { describe, expect, it } from 'vitest';
import { arranged } from '../src/app/findings';
import { linesOf, summaryOf } from '../src/app/summary';
import type { Manifest } from '@digitlens/recognizer';

function found(name: string, score: number, left: number, top = 0) {
  return { class: name, score, box: { xmin: left, ymin: top, xmax: left + 10, ymax: top + 20 } };
}
const score_calibration = { scores: [0.2, 0.4, 0.8], probabilities: [0.1, 0.5, 0.99] };

describe('summaryOf', () => {
  const manifest = { classes: ['cat', 'raccoon', 'WBC'], reading: 'none' } as Manifest;

  it('counts objects in the model’s order', () => {
    const finds = [
      found('raccoon', 1, 0),
      found('WBC', 1, 50),
      found('raccoon', 1, 90),
      found('cat', 1, 9),
    ];
    expect(summaryOf(arranged(finds, manifest), manifest)).toEqual(['1 cat, 2 raccoons, 1 × WBC']);
    expect(summaryOf(arranged([], manifest), manifest)).toEqual([]);
  });
});

describe('linesOf', () => {
  const lines = { reading: 'lines' as const };
  const findings = arranged(
    [found('1', 0.9, 0), found('2', 0.3, 12), found('7', 0.9, 0, 60)],
    lines,
  );

  it('has a line for each of the photo, and marks what is doubtful', () => {
    const read = linesOf(findings, { score_calibration });
    expect(read.map(({ text, isDoubtful }) => [text, isDoubtful])).toEqual([
      ['12', true],
      ['7', false],
    ]);
    expect(read[0].signs.map(({ isDoubtful }) => isDoubtful)).toEqual([false, true]);
  });

  it('doubts nothing where scores are not known to mean anything', () => {
    expect(linesOf(findings, {}).some(({ isDoubtful }) => isDoubtful)).toBe(false);
  });
});
