/** A photo's file to pixels, with the browser's own decoders, and never more of them than are looked at. */
import { ImageError } from '../errors';
import type { Pixels, Size } from '../detector/letterbox';
import { END_OF_IMAGE, sniff, type Kind } from './sniffing';

/** A look takes a fraction of these, and a second look still has more than the network's input. */
const MOST_PIXELS = 4_194_304;
/** Tiles look at every pixel; Safari's canvases on iOS end here, and draw nothing beyond. */
const MOST_PIXELS_TILED = 16_777_216;
/** Decoders that can't reduce while they decode need four bytes for each. */
const MOST_PIXELS_DECODED = 200_000_000;

/** A photo's pixels; larger photos are reduced, `width` and `height` are the photo's own. */
export interface Photo extends Size {
  pixels: Pixels;
  /** the file's end is missing, and perhaps a part of the picture */
  incomplete: boolean;
}

/** A picture as it was decoded, perhaps reduced, and the size of the whole. */
interface Decoded extends Size {
  bitmap: ImageBitmap;
  incomplete: boolean;
  /** whether it may have parts through which one sees */
  mayBeClear: boolean;
}

/** The part of WebCodecs that decodes pictures, of browsers that have it. */
interface PictureDecoder {
  decode(): Promise<{ image: ImageBitmapSource & { close(): void } }>;
  close(): void;
}

type PictureDecoderClass = new (options: {
  data: ArrayBuffer;
  type: string;
  desiredWidth: number;
  desiredHeight: number;
}) => PictureDecoder;

/**
 * Pixels as the photographer meant them, turned as EXIF says. Transparent parts become white, or black where what is drawn
 * on them is light; of an animation the first picture is taken. Of a file that was cut, what is there.
 *
 * @param tiled whether the photo's details are wanted
 * @param signal ends the work before its next stage
 * @throws ImageError saying why if the blob is not an image that this browser decodes, or the signal's reason
 */
export async function decodePhoto(
  source: Blob | ImageBitmap,
  tiled: boolean,
  signal: AbortSignal,
): Promise<Photo> {
  const most = tiled ? MOST_PIXELS_TILED : MOST_PIXELS;
  const { bitmap, width, height, incomplete, mayBeClear } =
    source instanceof Blob
      ? await bitmapOf(source, most, signal)
      : { bitmap: source, ...sizeOf(source), incomplete: false, mayBeClear: true };
  try {
    signal.throwIfAborted();
    if (width * height > MOST_PIXELS_DECODED) throw tooLarge({ width, height });
    const ground = mayBeClear ? groundOf(bitmap) : 'white';
    return { pixels: pixelsOf(bitmap, reduced(bitmap, most), ground), width, height, incomplete };
  } finally {
    bitmap.close();
  }
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

/** The size of at most so many pixels in the same proportions. */
export function reduced({ width, height }: Size, most: number): Size {
  const scale = Math.min(1, Math.sqrt(most / (width * height)));
  const fraction = (length: number): number => Math.max(1, Math.floor(length * scale));
  return { width: fraction(width), height: fraction(height) };
}

async function bitmapOf(blob: Blob, most: number, signal: AbortSignal): Promise<Decoded> {
  const bytes = await bytesOf(blob);
  signal.throwIfAborted();
  const kind = sniff(bytes);
  refuse(bytes, kind);
  const incomplete = kind?.truncated === true;
  const kindOf = { incomplete, mayBeClear: !OPAQUE.includes(kind?.format ?? '') };
  // Decoders refuse a JPEG for want of its last two bytes.
  const whole = incomplete && kind.format === 'JPEG' ? ended(bytes) : bytes;
  try {
    const bitmap = await reducedBitmap(whole, kind, most);
    if (bitmap !== undefined) return { bitmap, ...turned(kind?.size ?? bitmap, bitmap), ...kindOf };
  } catch {
    // The other decoder may know better.
  }
  try {
    const file = whole === bytes ? blob : new Blob([whole], { type: blob.type });
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    return { bitmap, ...sizeOf(bitmap), ...kindOf };
  } catch {
    throw undecodable(kind);
  }
}

function ended(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes.length + END_OF_IMAGE.length);
  whole.set(bytes);
  whole.set(END_OF_IMAGE, bytes.length);
  return whole;
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new ImageError("The file can't be read: it was moved, changed or removed", 'unreadable');
  }
}

/** @throws ImageError for what need not be tried */
function refuse(bytes: Uint8Array, kind: Kind | undefined): void {
  if (bytes.length === 0) throw new ImageError('The file is empty', 'empty');
  const size = kind?.size ?? { width: 1, height: 1 };
  if (size.width * size.height > MOST_PIXELS_DECODED) throw tooLarge(size, kind?.format);
}

function tooLarge({ width, height }: Size, format?: string): ImageError {
  const size = `${String(width)} × ${String(height)}`;
  return new ImageError(`${size} pixels are too many`, 'too-large', format);
}

/** Formats that browsers decode; a file of another one is not damaged. */
const COMMON = ['JPEG', 'PNG', 'GIF', 'WebP', 'BMP'];
/** Formats whose pictures cover all of their area. */
const OPAQUE = ['JPEG', 'HEIC'];

function undecodable(kind: Kind | undefined): ImageError {
  if (kind === undefined) {
    return new ImageError('The file is not an image that this browser can show', 'not-image');
  }
  const { format, truncated } = kind;
  if (truncated) {
    return new ImageError(`The end of the ${format} file is missing`, 'truncated', format);
  }
  return COMMON.includes(format)
    ? new ImageError(`The ${format} file is damaged`, 'damaged', format)
    : new ImageError(`This browser doesn't decode ${format} files`, 'unsupported', format);
}

/** A large JPEG, reduced while it is decoded: a third of the time, and a fraction of the memory. */
async function reducedBitmap(
  bytes: Uint8Array<ArrayBuffer>,
  { format, size }: Partial<Kind> = {},
  most: number,
): Promise<ImageBitmap | undefined> {
  const { ImageDecoder } = globalThis as { ImageDecoder?: PictureDecoderClass };
  if (ImageDecoder === undefined || format !== 'JPEG' || size === undefined) return undefined;
  if (size.width * size.height <= most) return undefined;
  const { width, height } = reduced(size, most);
  const options = { desiredWidth: width, desiredHeight: height };
  const decoder = new ImageDecoder({ data: bytes.buffer, type: 'image/jpeg', ...options });
  try {
    const { image } = await decoder.decode();
    try {
      return await createImageBitmap(image);
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}

/** The stored size, turned if the bitmap is. */
function turned({ width, height }: Size, bitmap: Size): Size {
  const isTurned = width > height !== bitmap.width > bitmap.height;
  return isTurned ? { width: height, height: width } : { width, height };
}

/** Side of the small copy that is looked at for transparent parts, in pixels. */
const SAMPLE = 256;
/** Alpha below which one sees the ground. */
const CLEAR = 128;
/** Mean brightness, 0–1, from which on what is drawn stands out better against black. */
const LIGHT = 0.6;

/** What to put under a picture, so that what is drawn on transparent parts is seen. */
function groundOf(bitmap: ImageBitmap): 'white' | 'black' {
  const size = reduced(bitmap, SAMPLE * SAMPLE);
  const context = new OffscreenCanvas(size.width, size.height).getContext('2d', {
    willReadFrequently: true,
  });
  if (context === null) return 'white';
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  const { data } = context.getImageData(0, 0, size.width, size.height);
  let [isClear, seen, light] = [false, 0, 0];
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3];
    isClear ||= alpha < CLEAR;
    seen += alpha;
    light += alpha * (0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
  }
  return isClear && light > LIGHT * 255 * seen ? 'black' : 'white';
}

function pixelsOf(bitmap: ImageBitmap, { width, height }: Size, ground: string): Pixels {
  const canvas = new OffscreenCanvas(width, height);
  // Read back at once: without the hint, some browsers draw on the GPU first.
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (context === null) {
    throw new ImageError('This browser has no canvas to decode the photo with', 'unsupported');
  }
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  // Engines compile the scaling for one kind of array: of two, each takes a quarter longer.
  return { data: new Uint8Array(data.buffer), width, height, channels: 4 };
}
