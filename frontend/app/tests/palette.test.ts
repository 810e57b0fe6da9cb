import { describe, expect, it } from 'vitest';
import { lightness, lookOf } from '../src/app/palette';

type Triple = [number, number, number];

/** Machado, Oliveira and Fernandes (2009), severity 1, on linear light. */
const SEEN: Record<string, [Triple, Triple, Triple]> = {
  'all colours': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'no red': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'no green': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'no blue': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
/** Colours that people tell apart side by side differ by 2 to 3; these lie apart on a photo. */
const APART = 10;

function linear(colour: string): Triple {
  return [1, 3, 5].map((at) => {
    const level = parseInt(colour.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  }) as Triple;
}

function lab(light: Triple): Triple {
  const rows: Triple[] = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.072175],
    [0.0193339, 0.119192, 0.9503041],
  ];
  const white = [0.95047, 1, 1.08883];
  const [x, y, z] = times(rows, light).map((value, index) => {
    const share = Math.max(0, value) / white[index];
    return share > 0.008856 ? Math.cbrt(share) : 7.787 * share + 16 / 116;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function times(rows: Triple[], [a, b, c]: Triple): number[] {
  return rows.map((row) => row[0] * a + row[1] * b + row[2] * c);
}

describe('the palette', () => {
  const looks = Array.from({ length: 21 }, (_, index) => lookOf(index));
  const colours = looks.slice(0, 7).map(({ frame }) => frame);

  it.each(Object.keys(SEEN))('is told apart by people who see %s', (kind) => {
    const seen = colours.map((colour) => lab(times(SEEN[kind], linear(colour)) as Triple));
    const near = seen.flatMap((one, index) =>
      seen
        .slice(index + 1)
        .map(
          (other, at) =>
            [Math.hypot(...one.map((value, axis) => value - other[axis])), index, at] as const,
        ),
    );
    expect(near.filter(([distance]) => distance < APART)).toEqual([]);
  });

  it('goes on with other lines', () => {
    expect(new Set(looks.map(({ frame, line }) => `${frame} ${line}`)).size).toBe(21);
    expect(() => lookOf(299)).not.toThrow();
    expect(lookOf(-1)).toEqual(lookOf(0));
  });

  it('has labels that can be read: 4.5 to 1 at least', () => {
    for (const { frame, ink } of looks) {
      const [one, other] = [lightness(frame), lightness(ink)].sort((a, b) => b - a);
      expect((one + 0.05) / (other + 0.05), frame).toBeGreaterThanOrEqual(4.5);
    }
  });
});
