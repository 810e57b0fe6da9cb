import { describe, expect, it } from 'vitest';
import { agree, answerOf, madeUpPhoto } from '../src/model/answer';
import type { Model, Outputs } from '../src/model/model';
import { tinyFiles, tinyManifest } from './tiny_model';

const manifest = tinyManifest(tinyFiles());

async function answerTo(boxes: number[], scores: number[]) {
  const output = (values: number[]) => ({ name: '', shape: [], values: Float32Array.from(values) });
  const outputs: Outputs = { boxes: output(boxes), scores: output(scores) };
  return answerOf({ manifest, run: () => Promise.resolve(outputs) } as unknown as Model);
}

const values = Array.from({ length: 200 }, (_, index) => index / 200);

describe('the known-answer test', () => {
  it('forgives what half precision loses', async () => {
    const expected = await answerTo(values, values);
    const rough = values.map((value) => value + 0.004);
    expect(agree(await answerTo(rough, values), expected)).toBe(true);
  });

  it.each([
    ['zeros', values.map(() => 0)],
    ['nothing that is a number', values.map(() => NaN)],
    ['one value far off', values.map((value, index) => (index === 77 ? 0.9 : value))],
    ['too few values', values.slice(100)],
  ])('fails a backend that gives %s', async (_, wrong) => {
    const expected = await answerTo(values, values);
    expect(agree(await answerTo(values, wrong), expected)).toBe(false);
    expect(agree(await answerTo(wrong, values), expected)).toBe(false);
  });

  it('shows every model the same picture, with many levels', () => {
    const photo = madeUpPhoto(manifest);
    expect(photo).toHaveLength(32 * 32 * 3);
    expect(new Set(photo).size).toBeGreaterThan(50);
    expect(photo).toEqual(madeUpPhoto(manifest));
  });
});
