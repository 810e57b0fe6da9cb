/** A photo's file to pixels, with the browser's own decoders. */
import { ImageError } from './errors';
import type { Pixels } from './letterbox';

/** Safari's canvases on iOS end here, and draw nothing beyond. */
const MAX_PIXELS = 16_777_216;

/** A photo's pixels; larger photos than a canvas holds are reduced, `width` and `height` are the photo's own. */
export interface Photo {
  pixels: Pixels;
  width: number;
  height: number;
}

/**
 * Pixels as the photographer meant them, turned as EXIF says. Transparent parts become white.
 *
 * @throws ImageError if the blob is not an image that this browser decodes
 */
export async function decodePhoto(source: Blob | ImageBitmap): Promise<Photo> {
  const bitmap = source instanceof Blob ? await bitmapOf(source) : source;
  try {
    const { width, height } = bitmap;
    const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (width * height)));
    return {
      pixels: pixelsOf(bitmap, fraction(width, scale), fraction(height, scale)),
      width,
      height,
    };
  } finally {
    bitmap.close();
  }
}

function fraction(length: number, scale: number): number {
  return Math.max(1, Math.floor(length * scale));
}

async function bitmapOf(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob, { imageOrientation: 'from-image' });
  } catch {
    throw new ImageError('The file is not an image that this browser can show');
  }
}

function pixelsOf(bitmap: ImageBitmap, width: number, height: number): Pixels {
  const canvas = new OffscreenCanvas(width, height);
  // Read back at once: without the hint, some browsers draw on the GPU first.
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (context === null) throw new ImageError('This browser has no canvas to decode the photo with');
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
}
