import { describe, expect, it } from 'vitest';
import { encodeFrame, frames, type Frame } from '../src/node/frames';

async function read(chunks: Uint8Array[]): Promise<Frame[]> {
  const found: Frame[] = [];
  for await (const frame of frames(chunksOf(chunks))) found.push(frame);
  return found;
}

async function* chunksOf(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

const first = encodeFrame({ op: 'größe' }, Uint8Array.of(1, 2, 3));
const second = encodeFrame({ op: 'next' });

describe('frames', () => {
  it.each([1, 3, 5, 1000])('come out whole from chunks of %i bytes', async (size) => {
    const stream = Buffer.concat([first, second]);
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
      stream.subarray(index * size, (index + 1) * size),
    );
    expect(await read(chunks)).toEqual([
      { header: { op: 'größe', bytes: 3 }, payload: Uint8Array.of(1, 2, 3) },
      { header: { op: 'next', bytes: 0 }, payload: new Uint8Array() },
    ]);
  });

  it('have a header of little-endian length', () => {
    expect([...encodeFrame({}).subarray(0, 4)]).toEqual(['{"bytes":0}'.length, 0, 0, 0]);
  });

  it('are none in an empty stream', async () => {
    expect(await read([])).toEqual([]);
  });

  it.each([2, 10, first.length - 1])(
    'are refused when the stream ends after %i bytes',
    async (end) => {
      await expect(read([first.subarray(0, end)])).rejects.toThrow('ends within a frame');
    },
  );

  it('are refused when the header is not JSON', async () => {
    await expect(read([Uint8Array.of(2, 0, 0, 0, 88, 88)])).rejects.toThrow('not JSON');
  });
});
