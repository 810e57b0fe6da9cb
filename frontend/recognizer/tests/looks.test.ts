import { describe, expect, it } from 'vitest';
import { again, mayHideMore, tilesOf, tooClose, wholeIn } from '../src/detector/looks';
import { looksCases } from './vectors';

function size([width, height]: [number, number]) {
  return { width, height };
}

describe('a further look', () => {
  it.each(looksCases)('goes where Python sends it: $name', (vector) => {
    const found = { boxes: Float64Array.from(vector.boxes.flat()), scores: vector.scores };
    const { regions, settled, faith } = again(found, size(vector.photo), size(vector.input));
    const sides = regions.map(({ ymin, xmin, ymax, xmax }) => [ymin, xmin, ymax, xmax]);
    expect(sides).toEqual(vector.regions);
    expect(settled).toBe(vector.settled);
    expect(faith).toBe(vector.faith);
  });

  it.each(looksCases)('is from further away where Python wants it: $name', (vector) => {
    const found = { boxes: Float64Array.from(vector.boxes.flat()), scores: vector.scores };
    expect(tooClose(found, size(vector.photo), size(vector.input))).toBe(vector.too_close);
  });
});

const input = { width: 100, height: 100 };

describe('tiles', () => {
  it.each([
    [1000, 150],
    [151, 151],
    [4000, 3000],
    [150, 900],
    [300, 6000],
  ])('cover a photo of %i × %i at every distance, and overlap', (width, height) => {
    const levels = tilesOf({ width, height }, input);
    expect(levels.length).toBeGreaterThan(0);
    // As many as of other photos for each stretch of a long one.
    const stretches = Math.max(1, Math.max(width / height, height / width) / 2.5);
    expect(levels[0].length).toBeLessThanOrEqual(32 * stretches);
    const sizes = levels.map(([{ xmin, xmax, ymin, ymax }]) => (xmax - xmin) * (ymax - ymin));
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    for (const tiles of levels) {
      expect(tiles.length).toBeGreaterThan(1);
      expect(Math.max(...tiles.map(({ xmax }) => xmax))).toBe(width);
      expect(Math.max(...tiles.map(({ ymax }) => ymax))).toBe(height);
      const columns = [...new Set(tiles.map(({ xmin }) => xmin))];
      const size = tiles[0].xmax - tiles[0].xmin;
      for (const [index, xmin] of columns.slice(1).entries()) {
        expect(xmin - columns[index]).toBeLessThanOrEqual(size * 0.76);
      }
    }
  });

  it('are none where the photo is not larger than one', () => {
    expect(tilesOf({ width: 150, height: 120 }, input)).toEqual([]);
  });
});

describe('tiles are offered', () => {
  const photo = { width: 1000, height: 800 };
  const part = { width: 250, height: 200 };
  const panorama = { width: 1000, height: 300 };

  it.each([
    ['where nothing was found', [], photo, photo, true],
    ['where something is small', [300, 100], photo, photo, true],
    ['not where all is large', [300, 130], photo, photo, false],
    ['not where the second look made it large', [40], photo, part, false],
    ['where even the second look left it small', [20], photo, part, true],
    ['on a panorama whose whole look made it small', [40], panorama, part, true],
    ['not on one that large objects fill', [200], panorama, part, false],
    ['not on a photo that is hardly reduced', [], { width: 150, height: 100 }, photo, false],
  ])('%s', (_, heights, whole, seen, isOffered) => {
    expect(mayHideMore(heights, whole, seen, input)).toBe(isOffered);
  });
});

describe('wholeIn', () => {
  const tile = { xmin: 100, ymin: 0, xmax: 200, ymax: 100 };
  const photo = { width: 400, height: 100 };

  it('leaves out what an inner edge cuts', () => {
    expect(wholeIn(tile, [10, 100.5, 20, 120], photo)).toBe(false);
    expect(wholeIn(tile, [10, 180, 20, 199.5], photo)).toBe(false);
  });

  it("keeps what stands at the photo's own edge", () => {
    expect(wholeIn(tile, [0, 120, 100, 130], photo)).toBe(true);
  });
});
