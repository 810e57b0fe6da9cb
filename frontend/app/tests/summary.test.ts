import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { probabilityOf } from '../src/app/calibration';
import { arranged } from '../src/app/findings';
import { linesOf, summaryOf } from '../src/app/summary';
import type { Manifest } from '@digitlens/recognizer';

function found(name: string, score: number, left: number, top = 0) {
  return { class: name, score, box: { xmin: left, ymin: top, xmax: left + 10, ymax: top + 20 } };
}
const score_calibration = { scores: [0.2, 0.4, 0.8], probabilities: [0.1, 0.5, 0.99] };

/** What training/detector/scores.py writes. */
const vectors = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/scores.json', import.meta.url), 'utf8'),
) as {
  shown: {
    name: string;
    calibration: { scores: number[]; probabilities: number[] } | null;
    scores: number[];
    shown: number[];
  }[];
};

describe('probabilityOf', () => {
  it.each([
    [0, 0.1],
    [0.2, 0.1],
    [0.3, 0.3],
    [0.4, 0.5],
    [0.6, 0.745],
    [0.8, 0.99],
    [1, 0.99],
  ])('takes a score of %f for %f', (score, probability) => {
    expect(probabilityOf(score, { score_calibration })).toBeCloseTo(probability, 12);
  });

  it('never falls as scores rise, whatever the steps', () => {
    const steps = { scores: [0.1, 0.5, 0.5, 0.9], probabilities: [0, 0.2, 0.7, 0.7] };
    const values = Array.from({ length: 101 }, (_, index) =>
      probabilityOf(index / 100, { score_calibration: steps }),
    );
    expect(values.every((value, index) => index === 0 || value >= values[index - 1])).toBe(true);
  });

  it.each(vectors.shown)('says what Python says: $name', ({ calibration, scores, shown }) => {
    const given = calibration ? { score_calibration: calibration } : {};
    const said = scores.map((score) => probabilityOf(score, given));
    said.forEach((probability, index) => {
      expect(probability).toBeCloseTo(shown[index], 12);
    });
  });

  it('is the score where the model knows no better', () => {
    expect(probabilityOf(0.37, {})).toBe(0.37);
  });
});

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
