import { describe, expect, it } from 'vitest';
import { sniff } from '../src/sniffing';

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

  it('finds the missing end of a WebP', () => {
    const whole = [...text('RIFF'), 6, 0, 0, 0, ...text('WEBP'), 1, 2];
    expect(sniff(Uint8Array.from(whole))).toMatchObject({ format: 'WebP', truncated: false });
    expect(sniff(Uint8Array.from(whole.slice(0, -1)))?.truncated).toBe(true);
  });

  it.each([[[]], [text('<!doctype html>')], [[0xff]], [[0xff, 0xd8]], [text('RIFF')]])(
    'survives %j',
    (bytes) => {
      expect(() => sniff(Uint8Array.from(bytes))).not.toThrow();
    },
  );
});
