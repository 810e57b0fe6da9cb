/**
 * The errors of this library, one family:
 *
 *     RecognizerError          `code` says which, also across the worker's border
 *     ├── ManifestError        manifest   manifest.json is not one that this version reads, or that is wanted
 *     ├── DownloadError        download   a file can't be fetched: no network, not found
 *     ├── IntegrityError       integrity  a file's bytes are not those that the manifest names
 *     ├── ModelError           model      the graph can't be loaded or doesn't give what the manifest says
 *     ├── ImageError           image      the source is not an image that can be decoded; `reason` says why
 *     ├── RequestError         request    the caller asked for something impossible
 *     └── WorkerError          worker     the worker can't start, died or was closed
 *
 * Cancelling is not an error of this family: a cancelled call rejects with its signal's reason.
 */
export class RecognizerError extends Error {
  override readonly name: string = 'RecognizerError';
  readonly code: string = 'recognizer';
}

export class ManifestError extends RecognizerError {
  override readonly name = 'ManifestError';
  override readonly code = 'manifest';
}

export class DownloadError extends RecognizerError {
  override readonly name = 'DownloadError';
  override readonly code = 'download';
}

export class IntegrityError extends RecognizerError {
  override readonly name = 'IntegrityError';
  override readonly code = 'integrity';
}

export class ModelError extends RecognizerError {
  override readonly name = 'ModelError';
  override readonly code = 'model';
}

/**
 * Why an image is refused.
 *
 * - `empty`: a file without a byte
 * - `not-image`: nothing that looks like a picture
 * - `unsupported`: a picture of a format that this browser doesn't decode; `format` names it
 * - `truncated`: the file's end is missing
 * - `damaged`: a format that this browser decodes, and it can't
 * - `too-large`: more pixels than can be decoded without risk
 * - `unreadable`: there may be a picture, and the browser doesn't give its bytes or pixels: the file was moved or changed,
 *   the picture is of another site, a film shows nothing yet
 */
export type ImageProblem =
  'empty' | 'not-image' | 'unsupported' | 'truncated' | 'damaged' | 'too-large' | 'unreadable';

export class ImageError extends RecognizerError {
  override readonly name = 'ImageError';
  override readonly code = 'image';

  /** @param format of the file, such as JPEG or HEIC, where its first bytes tell */
  constructor(
    message: string,
    readonly reason: ImageProblem = 'damaged',
    readonly format?: string,
  ) {
    super(message);
  }
}

export class RequestError extends RecognizerError {
  override readonly name = 'RequestError';
  override readonly code = 'request';
}

export class WorkerError extends RecognizerError {
  override readonly name = 'WorkerError';
  override readonly code = 'worker';
}

/** An error in the form that crosses a border: a worker's message or a frame of the Node runtime. */
export interface ErrorMessage {
  code: string;
  message: string;
  /** of an ImageError */
  reason?: ImageProblem;
  format?: string | undefined;
}

const FAMILY = [
  ManifestError,
  DownloadError,
  IntegrityError,
  ModelError,
  ImageError,
  RequestError,
  WorkerError,
];
const BY_CODE = new Map(FAMILY.map((kind) => [new kind('').code as string, kind]));

/** What is wrong, for the other side of the border; `unexpected` marks what is not of the family. */
export function toMessage(error: unknown): ErrorMessage {
  if (error instanceof ImageError) {
    const { code, message, reason, format } = error;
    return { code, message, reason, format };
  }
  if (error instanceof RecognizerError) return { code: error.code, message: error.message };
  return { code: 'unexpected', message: messageOf(error) };
}

/** The error that `toMessage` was given, on this side of the border. */
export function fromMessage({ code, message, reason, format }: ErrorMessage): RecognizerError {
  if (code === 'image') return new ImageError(message, reason, format);
  return new (BY_CODE.get(code) ?? RecognizerError)(message);
}

/** The words of anything thrown; TensorFlow.js also throws plain objects with a message. */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) {
    return String(error.message);
  }
  return String(error);
}
