/** A photo's file to pixels, with the browser's own decoders, and never more of them than are looked at. */
import { ImageError } from '../errors';
import type { Pixels, Size } from '../detector/letterbox';
import { sniff, type Kind } from './sniffing';

/** A look takes a fraction of these, and a second look still has more than the network's input. */
const MOST_PIXELS = 4_194_304;
/** Tiles look at every pixel; Safari's canvases on iOS end here, and draw nothing beyond. */
const MOST_PIXELS_TILED = 16_777_216;
/** Decoders that can't reduce while they decode need four bytes for each. */
const MOST_PIXELS_DECODED = 200_000_000;

/** A photo's pixels; larger photos are reduced, `width` and `height` are the photo's own. */
export interface Photo extends Size {
  pixels: Pixels;
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
 * Pixels as the photographer meant them, turned as EXIF says. Transparent parts become white, of an animation the first
 * picture is taken.
 *
 * @param tiled whether the photo's details are wanted
 * @param signal ends the work before its next stage
 * @throws ImageError saying why if the blob is not an image that this browser decodes whole, or the signal's reason
 */
export async function decodePhoto(
  source: Blob | ImageBitmap,
  tiled: boolean,
  signal: AbortSignal,
): Promise<Photo> {
  const most = tiled ? MOST_PIXELS_TILED : MOST_PIXELS;
  const { bitmap, width, height } =
    source instanceof Blob
      ? await bitmapOf(source, most, signal)
      : { bitmap: source, ...sizeOf(source) };
  try {
    signal.throwIfAborted();
    if (width * height > MOST_PIXELS_DECODED) throw tooLarge({ width, height });
    return { pixels: pixelsOf(bitmap, reduced(bitmap, most)), width, height };
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

/** The decoded picture, perhaps reduced, and the size of the whole. */
async function bitmapOf(
  blob: Blob,
  most: number,
  signal: AbortSignal,
): Promise<Size & { bitmap: ImageBitmap }> {
  const bytes = await bytesOf(blob);
  signal.throwIfAborted();
  const kind = sniff(bytes);
  refuse(bytes, kind);
  try {
    const bitmap = await reducedBitmap(bytes, kind, most);
    if (bitmap !== undefined) return { bitmap, ...turned(kind?.size ?? bitmap, bitmap) };
  } catch {
    // The other decoder may know better.
  }
  try {
    const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image' });
    return { bitmap, ...sizeOf(bitmap) };
  } catch {
    throw undecodable(kind);
  }
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new ImageError("The file can't be read: it was moved, changed or removed", 'damaged');
  }
}

/** @throws ImageError for what need not be tried */
function refuse(bytes: Uint8Array, kind: Kind | undefined): void {
  if (bytes.length === 0) throw new ImageError('The file is empty', 'empty');
  if (kind?.truncated === true) {
    throw new ImageError(`The end of the ${kind.format} file is missing`, 'truncated', kind.format);
  }
  const size = kind?.size ?? { width: 1, height: 1 };
  if (size.width * size.height > MOST_PIXELS_DECODED) throw tooLarge(size, kind?.format);
}

function tooLarge({ width, height }: Size, format?: string): ImageError {
  const size = `${String(width)} × ${String(height)}`;
  return new ImageError(`${size} pixels are too many`, 'too-large', format);
}

/** Formats that browsers decode; a file of another one is not damaged. */
const COMMON = ['JPEG', 'PNG', 'GIF', 'WebP', 'BMP'];

function undecodable(kind: Kind | undefined): ImageError {
  if (kind === undefined) {
    return new ImageError('The file is not an image that this browser can show', 'not-image');
  }
  const { format } = kind;
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

function pixelsOf(bitmap: ImageBitmap, { width, height }: Size): Pixels {
  const canvas = new OffscreenCanvas(width, height);
  // Read back at once: without the hint, some browsers draw on the GPU first.
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (context === null) {
    throw new ImageError('This browser has no canvas to decode the photo with', 'unsupported');
  }
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  // Engines compile the scaling for one kind of array: of two, each takes a quarter longer.
  return { data: new Uint8Array(data.buffer), width, height, channels: 4 };
}
