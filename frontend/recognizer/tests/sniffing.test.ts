import { describe, expect, it } from 'vitest';
import { sniff } from '../src/photo/sniffing';

const text = (value: string): number[] => [...Buffer.from(value, 'latin1')];

/** Start, a comment that holds a whole small picture, a frame of 3 × 2 pixels, the scan and what follows. */
function jpeg(...end: number[]): Uint8Array {
  const thumbnail = [0xff, 0xfe, 0, 6, 0xff, 0xd8, 0xff, 0xd9];
  const frame = [0xff, 0xc0, 0, 11, 8, 0, 2, 0, 3, 1, 0, 0, 0];
  return Uint8Array.from([0xff, 0xd8, ...thumbnail, ...frame, 0xff, 0xda, 0, 2, 1, 2, 3, ...end]);
}

function png(...end: number[]): Uint8Array {
  const size = [0, 0, 0, 5, 0, 0, 0, 4];
  return Uint8Array.from([
    0x89,
    ...text('PNG\r\n\x1a\n'),
    0,
    0,
    0,
    13,
    ...text('IHDR'),
    ...size,
    ...end,
  ]);
}

describe('sniff', () => {
  it('finds the size of a JPEG, and its end behind the small picture in its head', () => {
    const size = { width: 3, height: 2 };
    expect(sniff(jpeg(0xff, 0xd9))).toEqual({ format: 'JPEG', size, truncated: false });
    expect(sniff(jpeg())).toEqual({ format: 'JPEG', size, truncated: true });
  });

  it("doesn't mind what a phone puts behind a JPEG", () => {
    expect(sniff(jpeg(0xff, 0xd9, ...text('and a film')))?.truncated).toBe(false);
  });

  it('follows the headers of a JPEG over fill bytes and markers without a length', () => {
    const [start, rest] = [[0xff, 0xd8], [...jpeg(0xff, 0xd9)].slice(2)];
    // What may stand before each marker: any number of fill bytes, TEM, restarts.
    for (const between of [[0xff], [0xff, 0xff, 0xff], [0xff, 0x01], [0xff, 0xff, 0x01, 0xff]]) {
      const filled = Uint8Array.from([...start, ...between, ...rest]);
      const size = { width: 3, height: 2 };
      expect(sniff(filled)).toEqual({ format: 'JPEG', size, truncated: false });
      expect(sniff(filled.subarray(0, -2))?.truncated).toBe(true);
    }
  });

  it("doesn't call a JPEG truncated whose headers it can't follow", () => {
    const odd = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 2, ...Array<number>(40).fill(7)]);
    expect(sniff(odd)).toEqual({ format: 'JPEG', size: undefined, truncated: false });
  });

  it('finds the size and the end of a PNG', () => {
    const size = { width: 5, height: 4 };
    expect(sniff(png(...text('IEND')))).toEqual({ format: 'PNG', size, truncated: false });
    expect(sniff(png())?.truncated).toBe(true);
  });

  it.each([
    ['HEIC', [0, 0, 0, 24, ...text('ftypheic')]],
    ['HEIC', [0, 0, 0, 24, ...text('ftypmif1')]],
    ['AVIF', [0, 0, 0, 24, ...text('ftypavif')]],
    ['TIFF', text('II*\0')],
    ['PDF', text('%PDF-1.7')],
    ['BMP', text('BM1234')],
    ['GIF', text('GIF89a1234')],
  ])('knows %s by its first bytes', (format, bytes) => {
    expect(sniff(Uint8Array.from(bytes))?.format).toBe(format);
  });

  it.each([
    ['lossy', [...text('VP8 '), ...Array<number>(10).fill(0), 0x34, 0x52, 0x56, 0x34]],
    ['lossless', [...text('VP8L'), 0, 0, 0, 0, 0x2f, 0x33, 0x52, 0x15, 0x0d, 0, 0, 0, 0, 0]],
    ['extended', [...text('VP8X'), 10, 0, 0, 0, 0, 0, 0, 0, 0x33, 0x12, 0, 0x55, 0x34, 0]],
  ])('finds the size of a %s WebP', (_, chunk) => {
    const bytes = [...text('RIFF'), 22, 0, 0, 0, ...text('WEBP'), ...chunk];
    expect(sniff(Uint8Array.from(bytes))?.size).toEqual({ width: 0x1234, height: 0x3456 });
  });

  it.each([
    ['today', [40, 0, 0, 0, 0x34, 0x12, 0, 0, 0x78, 0x56, 0, 0]],
    ['today, from the top', [40, 0, 0, 0, 0x34, 0x12, 0, 0, 0x88, 0xa9, 0xff, 0xff]],
    ['long ago', [12, 0, 0, 0, 0x34, 0x12, 0x78, 0x56, 1, 0, 24, 0]],
  ])('finds the size of a BMP of %s', (_, header) => {
    const bytes = [...text('BM'), ...Array<number>(12).fill(0), ...header];
    expect(sniff(Uint8Array.from(bytes))?.size).toEqual({ width: 0x1234, height: 0x5678 });
  });

  it('finds the size of the largest picture of an AVIF', () => {
    const extent = (...sides: number[]): number[] => [
      ...[0, 0, 0, 20, ...text('ispe'), 0, 0, 0, 0],
      ...sides.flatMap((side) => [0, 0, side, 0]),
    ];
    const boxes = [...extent(1, 1), ...extent(3, 2)];
    const meta = [0, 0, 0, 8 + boxes.length, ...text('meta'), ...boxes];
    // What only looks like one, among the picture's own bytes.
    const data = [0, 0, 0, 28, ...text('mdat'), ...extent(9, 9)];
    const head = [0, 0, 0, 12, ...text('ftypavif')];
    expect(sniff(Uint8Array.from([...head, ...meta, ...data]))?.size).toEqual({
      width: 768,
      height: 512,
    });
    expect(sniff(Uint8Array.from([...head, ...data]))?.size).toBeUndefined();
  });

  it('finds the missing end of a WebP', () => {
    const whole = [...text('RIFF'), 6, 0, 0, 0, ...text('WEBP'), 1, 2];
    expect(sniff(Uint8Array.from(whole))).toMatchObject({ format: 'WebP', truncated: false });
    expect(sniff(Uint8Array.from(whole.slice(0, -1)))?.truncated).toBe(true);
  });

  it.each([
    [[]],
    [text('<!doctype html>')],
    [[0xff]],
    [[0xff, 0xd8]],
    [text('RIFF')],
    [[0, 0, 0, 0, ...text('ftypavif')]],
  ])('survives %j', (bytes) => {
    expect(() => sniff(Uint8Array.from(bytes))).not.toThrow();
  });
});
