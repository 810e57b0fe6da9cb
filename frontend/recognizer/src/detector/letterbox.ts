/**
 * A photo of any size to the network's fixed input, and boxes back to the photo.
 *
 * The same routine as training/detector/letterbox.py, byte for byte: Pillow's bilinear resampling with antialiasing
 * (Resample.c of Pillow 13, which chooses the order of its two passes by the shape), in fixed point. Both are held to
 * tests/vectors/letterbox.json.
 */

/** Pixels in rows from top to bottom, `channels` bytes each; alpha, the fourth, is not looked at. */
export interface Pixels {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 3 | 4;
}

/** Corners in pixels of a photo. */
export interface Box {
  xmin: number;
  ymin: number;
  xmax: number;
  ymax: number;
}

/** What the network takes: pixels, and the grey level around the photo. */
export interface Input {
  width: number;
  height: number;
  fill: number;
}

export interface Size {
  width: number;
  height: number;
}

export function sizeOf({ xmin, ymin, xmax, ymax }: Box): Size {
  return { width: xmax - xmin, height: ymax - ymin };
}

const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Width and height in input pixels that a photo is scaled to.
 *
 * From `distance` times as far away it fits into the same part of the input's sides.
 */
export function scaledSize(photo: Size, input: Size, distance = 1): Size {
  const scale = Math.min(
    input.width / distance / photo.width,
    input.height / distance / photo.height,
  );
  return {
    width: Math.max(1, Math.floor(photo.width * scale + 0.5)),
    height: Math.max(1, Math.floor(photo.height * scale + 0.5)),
  };
}

/** The photo scaled to fit, in the top left corner of the input: RGB [height, width, 3]. */
export function letterbox(photo: Pixels, input: Input, distance = 1): Uint8Array {
  const size = scaledSize(photo, input, distance);
  const scaled = resample(photo, size);
  const framed = new Uint8Array(input.width * input.height * 3).fill(input.fill);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const from = (y * size.width + x) * scaled.channels;
      const to = (y * input.width + x) * 3;
      framed[to] = scaled.data[from];
      framed[to + 1] = scaled.data[from + 1];
      framed[to + 2] = scaled.data[from + 2];
    }
  }
  return framed;
}

/** The pixels of columns `xmin` to `xmax` and rows `ymin` to `ymax`, the last of each left out. */
export function crop(photo: Pixels, { xmin, ymin, xmax, ymax }: Box): Pixels {
  const { data, channels } = photo;
  const [width, height] = [xmax - xmin, ymax - ymin];
  if (width === photo.width && height === photo.height) return photo;
  const part = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((ymin + y) * photo.width + xmin) * channels;
    part.set(data.subarray(from, from + width * channels), y * width * channels);
  }
  return { data: part, width, height, channels };
}

/**
 * Boxes of the input to boxes of the photo, clipped to it.
 *
 * @param boxes [n, 4] ymin, xmin, ymax, xmax; 0–1 of the input
 * @returns [n, 4] in the same order, in pixels of the photo
 */
export function toPhoto(boxes: Float64Array, photo: Size, input: Size, distance = 1): Float64Array {
  const scaled = scaledSize(photo, input, distance);
  const x = (input.width / scaled.width) * photo.width;
  const y = (input.height / scaled.height) * photo.height;
  return boxes.map((value, index) =>
    index % 2 === 0 ? clip(value * y, photo.height) : clip(value * x, photo.width),
  );
}

function clip(value: number, limit: number): number {
  return Math.min(Math.max(value, 0), limit);
}

/** For each output pixel: where its taps begin, how many there are, and their fixed-point weights. */
interface Filter {
  starts: Int32Array;
  counts: Int32Array;
  weights: Int32Array;
  stride: number;
}

function bilinearFilter(inputSize: number, outputSize: number): Filter {
  const scale = inputSize / outputSize;
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputSize);
  const counts = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * stride);
  const taps = new Float64Array(stride);
  for (let out = 0; out < outputSize; out++) {
    const centre = (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      // Pillow multiplies by the inverse; dividing differs in the last bit, which can reach the pixels.
      const distance = Math.abs((tap + start - centre + 0.5) * (1 / support));
      taps[tap] = distance < 1 ? 1 - distance : 0;
      sum += taps[tap];
    }
    for (let tap = 0; tap < count; tap++) {
      const weight = sum === 0 ? taps[tap] : taps[tap] / sum;
      weights[out * stride + tap] = Math.trunc(0.5 + weight * (1 << PRECISION_BITS));
    }
    starts[out] = start;
    counts[out] = count;
  }
  return { starts, counts, weights, stride };
}

function resample(photo: Pixels, { width, height }: Size): Pixels {
  const lostRows = photo.height - height;
  const columnsFirst = lostRows > 0 && lostRows > (photo.width - width) * 2;
  return columnsFirst
    ? resampleRows(resampleColumns(photo, height), width)
    : resampleColumns(resampleRows(photo, width), height);
}

function resampleRows(photo: Pixels, width: number): Pixels {
  if (width === photo.width) return photo;
  const { data, height, channels } = photo;
  const filter = bilinearFilter(photo.width, width);
  const scaled = new Uint8Array(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * photo.width * channels;
    for (let x = 0; x < width; x++) {
      const from = row + filter.starts[x] * channels;
      to = weigh(data, from, channels, filter, x, scaled, to);
    }
  }
  return { data: scaled, width, height, channels: 3 };
}

function resampleColumns(photo: Pixels, height: number): Pixels {
  if (height === photo.height) return photo;
  const { data, width, channels } = photo;
  const filter = bilinearFilter(photo.height, height);
  const scaled = new Uint8Array(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const column = filter.starts[y] * width * channels;
    for (let x = 0; x < width; x++) {
      to = weigh(data, column + x * channels, width * channels, filter, y, scaled, to);
    }
  }
  return { data: scaled, width, height, channels: 3 };
}

/** Sums the taps of output position `out`, which lie `step` bytes apart from `from` on; returns the next `to`. */
function weigh(
  data: Uint8Array | Uint8ClampedArray,
  from: number,
  step: number,
  filter: Filter,
  out: number,
  scaled: Uint8Array,
  to: number,
): number {
  let red = HALF;
  let green = HALF;
  let blue = HALF;
  const first = out * filter.stride;
  const last = first + filter.counts[out];
  for (let tap = first, at = from; tap < last; tap++, at += step) {
    const weight = filter.weights[tap];
    // Neither leaves 31 bits; without saying so, engines look at each product: a fifth of the time.
    red = (red + Math.imul(data[at], weight)) | 0;
    green = (green + Math.imul(data[at + 1], weight)) | 0;
    blue = (blue + Math.imul(data[at + 2], weight)) | 0;
  }
  // Weights are not negative and sum to one give or take the rounding, so only the upper end needs clamping.
  scaled[to] = Math.min(red >> PRECISION_BITS, 255);
  scaled[to + 1] = Math.min(green >> PRECISION_BITS, 255);
  scaled[to + 2] = Math.min(blue >> PRECISION_BITS, 255);
  return to + 3;
}
