import { describe, expect, it } from 'vitest';
import { decode } from '../src/detector/recognition';
import { probability } from '../src/detector/scores';
import { scoresCases } from './vectors';
import { tinyFiles, tinyManifest } from './tiny_model';

describe('what scores mean', () => {
  it.each(scoresCases.shown)(
    'is shown as Python shows it: $name',
    ({ calibration, scores, shown }) => {
      const found = scores.map((score) => probability(score, { score_calibration: calibration }));
      for (const [index, value] of found.entries()) expect(value).toBeCloseTo(shown[index], 12);
    },
  );

  it.each(scoresCases.thresholds.map((vector, index) => ({ index, vector })))(
    'and from which on an object counts, is what Python says, case $index',
    ({ vector }) => {
      const { boxes, scores, expected, ...settings } = vector;
      const manifest = tinyManifest(tinyFiles(), { ...settings, reading: 'none' });
      const output = (rows: number[][]) => ({
        name: '',
        shape: [1, rows.length, rows[0].length],
        // In full: the vectors compare exactly.
        values: Float64Array.from(rows.flat()) as unknown as Float32Array,
      });
      const outputs = { boxes: output(boxes), scores: output(scores) };
      const { detections, numbers } = decode(outputs, { width: 32, height: 32 }, manifest);
      const classes = detections.map((one) => settings.classes.indexOf(one.class));
      expect(classes).toEqual(expected.classes);
      expect(detections.map(({ score }) => score)).toEqual(expected.scores);
      expect(numbers).toHaveLength(detections.length);
      // A slider that lists more makes none of them count.
      const more = decode(outputs, { width: 32, height: 32 }, manifest, 0.01);
      expect(more.detections.length).toBeGreaterThanOrEqual(detections.length);
      expect(more.numbers.map(({ text, score }) => [text, score])).toEqual(
        numbers.map(({ text, score }) => [text, score]),
      );
    },
  );
});
