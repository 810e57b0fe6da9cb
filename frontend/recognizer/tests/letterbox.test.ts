import { describe, expect, it } from 'vitest';
import { letterbox, scaledSize, toPhoto, type Pixels } from '../src/detector/letterbox';
import { letterboxCases, rowsOf, type LetterboxCase } from './vectors';

const FILL = 114;

function inputOf(vector: LetterboxCase) {
  return { width: vector.input_width, height: vector.input_height, fill: FILL };
}

function photoOf({ width, height, photo_rgb }: LetterboxCase): Pixels {
  return { data: Buffer.from(photo_rgb, 'base64'), width, height, channels: 3 };
}

function withAlpha({ data, width, height }: Pixels): Pixels {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(77);
  data.forEach((value, index) => (rgba[Math.floor(index / 3) * 4 + (index % 3)] = value));
  return { data: rgba, width, height, channels: 4 };
}

const named = letterboxCases.map((vector) => ({
  name: `${String(vector.width)} × ${String(vector.height)} into ${String(vector.input_width)} × ${String(vector.input_height)} from ${String(vector.distance)}`,
  vector,
}));

describe.each(named)('a photo of $name', ({ vector }) => {
  it('is scaled to the size that Python computes', () => {
    const { width, height } = scaledSize(vector, inputOf(vector), vector.distance);
    expect([width, height]).toEqual(vector.scaled);
  });

  it("becomes Pillow's bytes", () => {
    const expected = new Uint8Array(Buffer.from(vector.input_rgb, 'base64'));
    expect(letterbox(photoOf(vector), inputOf(vector), vector.distance)).toEqual(expected);
  });

  it('becomes the same bytes from RGBA pixels', () => {
    const expected = new Uint8Array(Buffer.from(vector.input_rgb, 'base64'));
    expect(letterbox(withAlpha(photoOf(vector)), inputOf(vector), vector.distance)).toEqual(
      expected,
    );
  });

  it('gets its boxes back in its own pixels', () => {
    const boxes = Float64Array.from(vector.boxes.flat());
    expect(rowsOf(toPhoto(boxes, vector, inputOf(vector), vector.distance))).toEqual(
      vector.photo_boxes,
    );
  });
});
