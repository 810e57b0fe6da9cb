import { describe, expect, it } from 'vitest';
import { candidates, suppress, type Kept, type Suppression } from '../src/detector/suppression';
import { recognitionCases, rowsOf } from './vectors';

function detect(
  boxes: Float32Array,
  scores: Float32Array,
  suppression: Suppression,
  minScore: number,
  backgroundColumn: boolean,
): Kept {
  return suppress(candidates(boxes, scores, minScore, backgroundColumn), suppression);
}

describe('detection', () => {
  it.each(recognitionCases.detect.map((vector, index) => ({ index, vector })))(
    'keeps what Python keeps, case $index',
    ({ vector }) => {
      const kept = detect(
        Float32Array.from(vector.boxes.flat()),
        Float32Array.from(vector.scores.flat()),
        vector.suppression,
        vector.min_score,
        vector.background_column,
      );
      expect({ ...kept, boxes: rowsOf(kept.boxes) }).toEqual(vector.detections);
    },
  );

  it('never takes the background column for a class', () => {
    const settings = {
      iou_threshold: 0.5,
      class_agnostic: true,
      max_candidates: 10,
      max_detections: 10,
    };
    const kept = detect(
      Float32Array.of(0, 0, 1, 1),
      Float32Array.of(0.9, 0.1, 0.5),
      settings,
      0.2,
      true,
    );
    expect(kept.classes).toEqual([1]);
    expect(kept.scores).toEqual([0.5]);
  });
});
