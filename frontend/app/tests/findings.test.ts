import { describe, expect, it } from 'vitest';
import { findingsAt } from '../src/app/findings';

const lines = { reading: 'lines' } as const;

function digit(name: string, score: number, left: number, top: number) {
  return { class: name, score, box: { xmin: left, ymin: top, xmax: left + 10, ymax: top + 20 } };
}

/** "12 7" above "3", best first */
const detections = [
  digit('3', 0.9, 30, 60),
  digit('2', 0.8, 12, 0),
  digit('7', 0.6, 80, 2),
  digit('1', 0.4, 0, 0),
];

describe('findingsAt', () => {
  it('lists detections and numbers in reading order', () => {
    const findings = findingsAt(detections, 0, lines);
    expect(findings.detections.map((found) => found.class).join('')).toBe('1273');
    expect(findings.numbers.map((number) => number.text)).toEqual(['12', '7', '3']);
  });

  it('leaves out what is less certain than the threshold, and groups the rest anew', () => {
    const findings = findingsAt(detections, 0.5, lines);
    expect(findings.numbers.map((number) => number.text)).toEqual(['2', '7', '3']);
    expect(findingsAt(detections, 0.95, lines)).toEqual({
      lines: [],
      detections: [],
      numbers: [],
    });
  });

  it('gives a number the certainty of its least certain object, and the box around all', () => {
    expect(findingsAt(detections, 0, lines).numbers[0]).toEqual({
      text: '12',
      score: 0.4,
      box: { xmin: 0, ymin: 0, xmax: 22, ymax: 20 },
    });
  });

  it('keeps objects apart that are no characters', () => {
    const findings = findingsAt(detections, 0, { reading: 'none' });
    expect(findings.numbers.map((number) => number.text)).toEqual(['3', '2', '7', '1']);
  });

  it('writes a line of text for each line of the photo', () => {
    expect(findingsAt(detections, 0, lines).lines).toEqual(['12 7', '3']);
  });

  it('keeps the numbers of a tilted line on one line of text', () => {
    const rising = [0, 11, 22, 60, 71, 82].map((left, index) =>
      digit(String(index), 0.9, left, 100 - left / 7),
    );
    expect(findingsAt(rising, 0, lines).lines).toEqual(['012 345']);
  });
});
