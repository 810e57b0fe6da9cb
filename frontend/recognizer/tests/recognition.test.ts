import { describe, expect, it } from 'vitest';
import { recognizePixels } from '../src/recognition';
import { tinyFiles, tinyManifest } from './tiny_model';

const MANIFEST = tinyManifest(tinyFiles(), { looks: 2, classes: ['a'] });
const PHOTO = {
  data: new Uint8Array(256 * 256 * 3),
  width: 256,
  height: 256,
  channels: 3,
} as const;

/** How often a network is asked that sees a row of `count` objects at first, each two pixels of its 32, and nothing later. */
async function looksAt(count: number, score: number): Promise<number> {
  let asked = 0;
  const run = () => {
    const seen = asked++ === 0 ? count : 0;
    const boxes = Array.from({ length: seen }, (_, place) => [10, 8 * place, 12, 8 * place + 2]);
    return Promise.resolve({
      boxes: {
        name: 'boxes',
        shape: [1, seen, 4],
        values: Float32Array.from(boxes.flat(), (side) => side / 32),
      },
      scores: {
        name: 'scores',
        shape: [1, seen, 1],
        values: new Float32Array(seen).fill(score),
      },
    });
  };
  const { looks } = await recognizePixels(PHOTO, { manifest: MANIFEST, run });
  expect(looks).toBe(asked);
  return asked;
}

describe('small print', () => {
  // What is no print may be too large, and is looked at from further away.
  it.each([
    [4, 0.11, 10],
    [4, 0.09, 2],
    [3, 0.11, 2],
  ])('of %i numbers that score %f takes %i looks', async (count, score, looks) => {
    expect(await looksAt(count, score)).toBe(looks);
  });
});
