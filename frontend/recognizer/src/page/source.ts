/** What callers give as a photo, as what can be sent to a worker: a file, or a bitmap. */
import type { PhotoSource } from '../api';
import { DownloadError, ImageError, messageOf, RecognizerError } from '../errors';
import { absolute } from '../options';

/** What is sent; `release` when it was read. */
export interface Sendable {
  source: Blob | ImageBitmap;
  release: () => void;
}

/** HTMLMediaElement.HAVE_CURRENT_DATA */
const HAS_PICTURE = 2;

/** Kinds of sources as the browser calls them: also those of another frame's, which are of no class of this one's. */
const ELEMENTS = [
  'ImageData',
  'VideoFrame',
  'OffscreenCanvas',
  'HTMLCanvasElement',
  'HTMLImageElement',
  'SVGImageElement',
  'HTMLVideoElement',
];

/**
 * The photo as it is now. Files and bitmaps are ready at once; others are given back as a promise.
 *
 * @throws ImageError, DownloadError, RequestError, or the signal's reason
 */
export function sendable(
  photo: PhotoSource,
  signal: AbortSignal | undefined,
): Sendable | Promise<Sendable> {
  if (typeof photo === 'string') return fetchedFile(photo, signal);
  const kind = kindOf(photo);
  if (kind === 'URL') return fetchedFile(photo as URL, signal);
  if (kind === 'Blob' || kind === 'File') return kept(photo as Blob);
  if (kind === 'ImageBitmap') return openBitmap(photo as ImageBitmap);
  if (kind === 'ArrayBuffer' || ArrayBuffer.isView(photo)) {
    return kept(new Blob([photo as ArrayBuffer]));
  }
  if (ELEMENTS.includes(kind)) return picture(photo as ImageBitmapSource, kind);
  throw new ImageError(
    `A photo can't be ${kind === 'Object' ? 'an object' : kind}: give a Blob, an ImageBitmap, ImageData, a canvas, an ` +
      'img, a video, or an address',
    'not-image',
  );
}

function kindOf(photo: unknown): string {
  return Object.prototype.toString.call(photo).slice('[object '.length, -1);
}

function kept(source: Blob | ImageBitmap): Sendable {
  return { source, release: () => undefined };
}

function openBitmap(bitmap: ImageBitmap): Sendable {
  if (bitmap.width > 0) return kept(bitmap);
  throw new ImageError('The ImageBitmap was closed before it was read', 'unreadable');
}

/** What an element shows, or what pixels say, in a bitmap of ours. */
async function picture(element: ImageBitmapSource, kind: string): Promise<Sendable> {
  try {
    if (kind === 'HTMLImageElement') await (element as HTMLImageElement).decode();
  } catch (error) {
    throw new ImageError(`The img shows no picture: ${messageOf(error)}`, 'unreadable');
  }
  if (kind === 'HTMLVideoElement' && (element as HTMLVideoElement).readyState < HAS_PICTURE) {
    throw new ImageError('The video shows no picture yet: wait for loadeddata', 'unreadable');
  }
  const { width, height } = element as { width: unknown; height: unknown };
  if (kind.endsWith('Canvas') || kind === 'HTMLCanvasElement') {
    if (width === 0 || height === 0) throw new ImageError('The canvas has no pixels', 'empty');
  }
  try {
    const source = await createImageBitmap(element);
    return {
      source,
      release: () => {
        source.close();
      },
    };
  } catch (error) {
    throw new ImageError(`The picture of ${kind} can't be had: ${messageOf(error)}`, 'unreadable');
  }
}

async function fetchedFile(
  address: string | URL,
  signal: AbortSignal | undefined,
): Promise<Sendable> {
  const url = absolute('photo', address);
  try {
    const response = await fetch(url, { signal: signal ?? null });
    if (!response.ok) {
      throw new DownloadError(
        `${url} can't be fetched: the server says ${String(response.status)}`,
      );
    }
    return kept(await response.blob());
  } catch (error) {
    if (error instanceof RecognizerError) throw error;
    signal?.throwIfAborted();
    throw new DownloadError(
      `${url} can't be fetched, perhaps since its site doesn't allow it (CORS): ${messageOf(error)}`,
    );
  }
}

/** What a refusal to send means. */
export function unsent(error: unknown): unknown {
  // A canvas or an img with a picture of another site, or a bitmap that was closed while it waited.
  if (!(error instanceof DOMException) || error.name !== 'DataCloneError') return error;
  return new ImageError(
    `The picture can't be read: it is of another site, or was closed: ${error.message}`,
    'unreadable',
  );
}
