/**
 * The library in Node: the same model, the same looks, on pixels that another package decoded. One thread of WebAssembly,
 * in the caller's own; for many photos, start workers of your own.
 */
import { fileURLToPath } from 'node:url';
import type { CoreTimings, Findings } from '../detector/findings';
import type { Pixels } from '../detector/letterbox';
import { recognizePixels } from '../detector/recognition';
import { RequestError } from '../errors';
import type { Manifest } from '../model/manifest';
import { check, CREATE_IN_NODE, RECOGNIZE } from '../options';
import { loadFolder } from './folder';

export { RecognizerError } from '../errors';
export type { DetectedNumber, Detection } from '../detector/findings';
export type { Box } from '../detector/letterbox';
export type { CoreTimings, Findings, Manifest, Pixels };
export { lines } from '../detector/reading';
export { probability } from '../detector/scores';

export interface NodeRecognizerOptions {
  /** the web model's folder, as a path or a file: URL */
  model: string | URL;
}

export interface NodeRecognizeOptions {
  /** detections that score less are left out; the model's own threshold if not given */
  minScore?: number | undefined;
  /** 1: the whole photo only; 2: also again, as needed; the model's own number if not given */
  looks?: 1 | 2 | undefined;
  /** also look at overlapping parts of the photo, each enlarged */
  tiles?: boolean | undefined;
}

export interface NodeRecognition extends Findings {
  /** with `tiles`: what was found without them */
  earlier?: Findings;
  /** how often the network ran */
  looks: number;
  /** whether `tiles` may find more */
  small: boolean;
  timings: CoreTimings;
}

export interface NodeRecognizer {
  readonly manifest: Manifest;
  /** @throws RequestError for pixels or options that can't be, ModelError if the network fails */
  recognize(pixels: Pixels, options?: NodeRecognizeOptions): Promise<NodeRecognition>;
  /** Gives the model's memory back. */
  close(): void;
}

/**
 * Loads a web model and checks every byte of it.
 *
 * @throws RequestError for options that can't be; DownloadError, ManifestError, IntegrityError, ModelError
 */
export async function createRecognizer(options: NodeRecognizerOptions): Promise<NodeRecognizer> {
  check('createRecognizer', options, CREATE_IN_NODE);
  const { model: folder } = options as Partial<NodeRecognizerOptions>;
  if (folder === undefined) throw new RequestError('model is missing: the folder of a web model');
  const model = await loadFolder(folder instanceof URL ? fileURLToPath(folder) : folder, true);
  return {
    manifest: model.manifest,
    async recognize(pixels, wishes = {}) {
      check('recognize', wishes, RECOGNIZE);
      checkPixels(pixels);
      return recognizePixels(pixels, model, wishes);
    },
    close() {
      model.dispose();
    },
  };
}

function checkPixels({ data, width, height, channels }: Partial<Pixels> = {}): void {
  const isWhole = [width, height].every((side) => Number.isSafeInteger(side) && Number(side) > 0);
  const bytes = Number(width) * Number(height) * Number(channels);
  if (isWhole && (channels === 3 || channels === 4) && data?.length === bytes) return;
  throw new RequestError(
    `Pixels are { data, width, height, channels: 3 or 4 } with a byte for each channel; these are ` +
      `${String(data?.length)} bytes for ${String(width)} × ${String(height)} × ${String(channels)}`,
  );
}
