import { describe, expect, it } from 'vitest';
import { merged } from '../src/detector/merging';
import type { Kept } from '../src/detector/suppression';

/** Digits as [class, score, left, width], all as high. */
function reading(...digits: [number, number, number, number][]): Kept {
  return {
    classes: digits.map(([digit]) => digit),
    scores: digits.map(([, score]) => score),
    boxes: Float64Array.from(digits.flatMap(([, , left, width]) => [0, left, 20, left + width])),
    classScores: digits.map(([digit, score]) =>
      Array.from({ length: 10 }, (_, index) => (index === digit ? score : 0)),
    ),
  };
}

const THRESHOLDS = Array<number>(10).fill(0.3);
const textOf = ({ classes, boxes }: Kept): string =>
  classes
    .map((digit, row) => [boxes[row * 4 + 1], digit])
    .sort(([a], [b]) => a - b)
    .map(([, digit]) => digit)
    .join('');
const textsOf = (...readings: Kept[]): string => textOf(merged(readings, THRESHOLDS, 'lines'));

describe('several readings of one number', () => {
  const whole = reading([1, 0.6, 0, 12], [2, 0.6, 14, 12], [3, 0.6, 28, 12]);

  it('is not doubled by boxes of another width or place', () => {
    for (const width of [5, 8, 12, 16]) {
      for (const shift of [-2, 0, 3, 6]) {
        const closer = reading(
          [1, 0.5, shift, width],
          [2, 0.5, 14 + shift, width],
          [3, 0.5, 28 + shift, width],
        );
        expect(textsOf(whole, closer)).toBe('123');
        expect(textsOf(closer, whole)).toBe('123');
      }
    }
  });

  it('is the one that sees all of it', () => {
    const cut = reading([2, 0.8, 14, 12], [3, 0.8, 28, 12]);
    expect(textsOf(cut, whole)).toBe('123');
    expect(textsOf(whole, cut)).toBe('123');
  });

  it('is the clearer one where both see all of it', () => {
    const clear = reading([7, 0.9, 0, 12], [8, 0.9, 14, 12], [9, 0.9, 28, 12]);
    expect(textsOf(whole, clear)).toBe('789');
    expect(textsOf(clear, whole)).toBe('789');
  });

  it('keeps what stands beside it and was seen once, if that is clear', () => {
    const beside = (score: number): Kept => reading([4, score, 100, 12]);
    expect(textsOf(whole, beside(0.6))).toBe('1234');
    expect(textsOf(whole, beside(0.45))).toBe('1234');
    const { scores } = merged([whole, beside(0.45)], THRESHOLDS, 'lines');
    expect(Math.min(...scores)).toBeCloseTo(0.27);
    // Seen twice, it counts in full.
    const twice = merged([whole, beside(0.45), beside(0.45)], THRESHOLDS, 'lines');
    expect(Math.min(...twice.scores)).toBeCloseTo(0.45);
  });

  it('of one reading is that reading', () => {
    expect(merged([whole], THRESHOLDS, 'lines')).toEqual(whole);
    expect(merged([whole, whole], THRESHOLDS, 'none')).toEqual(whole);
  });
});
