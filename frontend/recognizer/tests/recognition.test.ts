import { describe, expect, it } from 'vitest';
import { recognizePixels, type Looked } from '../src/detector/recognition';
import { tinyFiles, tinyManifest } from './tiny_model';

const MANIFEST = tinyManifest(tinyFiles(), { looks: 2, classes: ['a'] });
const PHOTO = {
  data: new Uint8Array(256 * 256 * 3),
  width: 256,
  height: 256,
  channels: 3,
} as const;

/**
 * What is made of a network that sees a row of `count` objects at first, each two pixels of its 32, and one object later
 * that fills what it is shown.
 */
async function seen(count: number, score: number): Promise<Looked> {
  let asked = 0;
  const run = () => {
    const isFirst = asked++ === 0;
    const row = Array.from({ length: count }, (_, place) => [10, 8 * place, 12, 8 * place + 2]);
    const boxes = isFirst ? row : [[0, 0, 32, 32]];
    return Promise.resolve({
      boxes: {
        name: 'boxes',
        shape: [1, boxes.length, 4],
        values: Float32Array.from(boxes.flat(), (side) => side / 32),
      },
      scores: {
        name: 'scores',
        shape: [1, boxes.length, 1],
        values: new Float32Array(boxes.length).fill(isFirst ? score : 0.5),
      },
    });
  };
  const looked = await recognizePixels(PHOTO, { manifest: MANIFEST, run }, { minScore: 0.1 });
  expect(looked.looks).toBe(asked);
  return looked;
}

describe('small print', () => {
  // What is no print may be too large, and is looked at from further away.
  it.each([
    [4, 0.11, 10, 0.3],
    [4, 0.09, 2, 0.5],
    [3, 0.11, 2, 0.5],
  ])(
    'of %i numbers that score %f takes %i looks, which count %f',
    async (count, score, ...made) => {
      const { looks, detections } = await seen(count, score);
      expect([looks, detections[0].score]).toEqual(made);
    },
  );
});
