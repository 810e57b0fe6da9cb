import { describe, expect, it } from 'vitest';
import { countsOf, findingsAt, leastScore } from '../src/app/findings';

const CLASSES = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const lines = { classes: CLASSES, reading: 'lines' as const, score_threshold: 0.3 };
const none = { ...lines, reading: 'none' as const };
const all = (least?: number) => ({ least, hidden: new Set<string>() });

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
    const findings = findingsAt(detections, lines, all(0));
    expect(findings.detections.map((found) => found.class).join('')).toBe('1273');
    expect(findings.numbers.map((number) => number.text)).toEqual(['12', '7', '3']);
  });

  it('leaves out what is less certain than the threshold, and groups the rest anew', () => {
    const findings = findingsAt(detections, lines, all(0.5));
    expect(findings.numbers.map((number) => number.text)).toEqual(['2', '7', '3']);
    expect(findingsAt(detections, lines, all(0.95))).toEqual({
      lines: [],
      detections: [],
      numbers: [],
      rows: [],
    });
  });

  it('gives a number the certainty of its least certain object, and the box around all', () => {
    expect(findingsAt(detections, lines, all(0)).numbers[0]).toEqual({
      text: '12',
      score: 0.4,
      box: { xmin: 0, ymin: 0, xmax: 22, ymax: 20 },
    });
  });

  it('keeps objects apart that are no characters', () => {
    const findings = findingsAt(detections, none, all(0));
    expect(findings.numbers.map((number) => number.text)).toEqual(['3', '2', '7', '1']);
  });

  it('writes a line of text for each line of the photo', () => {
    expect(findingsAt(detections, lines, all(0)).lines).toEqual(['12 7', '3']);
  });

  it('keeps the numbers of a tilted line on one line of text', () => {
    const rising = [0, 11, 22, 60, 71, 82].map((left, index) =>
      digit(String(index), 0.9, left, 100 - left / 7),
    );
    expect(findingsAt(rising, lines, all(0)).lines).toEqual(['012 345']);
  });

  it('is content with what the model is content with, class by class', () => {
    const model = { ...none, score_threshold: 0.5, class_thresholds: { '1': 0.3, '2': 0.85 } };
    const found = findingsAt(detections, model, all()).detections.map((one) => one.class);
    expect(found).toEqual(['3', '7', '1']);
    expect(leastScore({ score_threshold: 0.5, class_thresholds: { a: 0.02 } })).toBe(0.02);
  });

  it('takes what the visitor chooses for a probability, of all classes alike', () => {
    const score_calibration = { scores: [0, 0.5, 1], probabilities: [0, 0.9, 1] };
    const model = { ...none, class_thresholds: { '3': 0.99 }, score_calibration };
    const found = findingsAt(detections, model, all(0.9)).detections.map((one) => one.class);
    expect(found).toEqual(['3', '2', '7']);
  });

  it('hides classes, and counts those that are shown in the model’s order', () => {
    const choice = { hidden: new Set(['2']) };
    const findings = findingsAt([...detections, digit('3', 0.7, 200, 0)], none, choice);
    expect(countsOf(findings.detections, none)).toEqual([
      { class: '1', index: 1, count: 1 },
      { class: '3', index: 3, count: 2 },
      { class: '7', index: 7, count: 1 },
    ]);
  });
});
