/** What callers give and get: the types of the public API. */
import type { CoreTimings, Findings } from './detector/findings';
import type { Progress } from './loading/download';
import type { Manifest } from './model/manifest';

/** What runs the network. */
export type Backend = 'webgpu' | 'webgl' | 'wasm' | 'cpu';

export interface RecognizerOptions {
  /** of the web model's manifest.json; its files lie beside it */
  modelUrl: string | URL;
  /** SHA-256 of manifest.json in hex; any manifest if not given. A page so never runs with another release's model. */
  modelSha256?: string | undefined;
  /**
   * of `worker.js` in the folder that `npx recognizer-files` copies; if not given, of a worker in one file that bundlers
   * find by themselves. On another origin, that has to allow it (CORS), and this page's policy `worker-src blob:`.
   */
  workerUrl?: string | URL | undefined;
  /** called as the model's bytes arrive, or are found in the cache */
  onProgress?: (progress: Progress) => void;
  /** ends loading; the promise rejects with the signal's reason as soon as what has come is kept, within a second */
  signal?: AbortSignal;
  /** the one backend to use, for people who test; if not given, the best that this device was found to have */
  backend?: Backend;
  /** of the wasm backend, where the page is cross-origin isolated; half the processors, at most 4, if not given */
  threads?: number;
  /**
   * milliseconds without work after which the worker is released until the next photo; 60,000 if not given, Infinity for
   * never. One whose model couldn't be kept on the device isn't released.
   */
  idleAfter?: number;
}

/**
 * What a photo may be given as: a file or its bytes, decoded pixels, what shows a picture at this moment, or the address of
 * a file. What is the caller's stays so: nothing is closed or changed.
 */
export type PhotoSource =
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ImageBitmap
  | ImageData
  | VideoFrame
  | OffscreenCanvas
  | HTMLCanvasElement
  | HTMLImageElement
  | SVGImageElement
  | HTMLVideoElement
  | URL
  | string;

export interface RecognizeOptions {
  /** gives the photo up; the promise rejects at once with the signal's reason */
  signal?: AbortSignal;
  /** detections that score less are left out; the model's own threshold if not given */
  minScore?: number | undefined;
  /** 1: the whole photo only (live video); 2: also from further away, at the surest numbers or at all parts, enlarged, as needed; the model's own number if not given */
  looks?: 1 | 2 | undefined;
  /**
   * also look at overlapping parts of the photo, each enlarged, and take the better reading of each number: slow, and finds
   * small objects (see `Recognition.small`)
   */
  tiles?: boolean | undefined;
}

/** Milliseconds that the stages of one recognition took. */
export interface Timings extends CoreTimings {
  /** file to pixels; 0 for pixels that came decoded */
  decode: number;
  /** what the page waited, its turn included */
  total: number;
}

/** What `recognize` resolves to. */
export interface Recognition extends Findings {
  /** of the photo, turned as EXIF says, in pixels */
  width: number;
  height: number;
  /** with `tiles`: what was found without them, to compare, or to go back to */
  earlier?: Findings;
  /** how often the network ran: 1, up to 10 where it looked again, more with tiles */
  looks: number;
  /** whether `tiles` may find more: what is certain is small, or there is nothing of it on a large photo */
  small: boolean;
  /** the file's end is missing: what is there was read, and perhaps a part of the picture isn't there */
  incomplete: boolean;
  timings: Timings;
}

/** What runs the model on this device. */
export interface Runtime {
  backend: Backend;
  /** of the wasm backend; 1 of the others */
  threads: number;
  /** milliseconds of one inference, measured as the model was loaded */
  milliseconds: number;
}

/** What TensorFlow.js holds between two photos. */
export interface Memory {
  tensors: number;
  bytes: number;
}

/** Inference on this device, without decoding and drawing. */
export interface Benchmark extends Runtime {
  /** milliseconds of each run, in their order; `milliseconds` is the least of them */
  runs: number[];
  memory: Memory;
}

/** A loaded model in its worker. */
export interface Recognizer {
  readonly manifest: Manifest;
  /** of the present worker; a later one may use a backend that was found to be faster */
  readonly runtime: Runtime;
  /**
   * Finds the model's objects in a photo. Photos wait for each other in the order of the calls, addresses and elements from
   * when they are here. If the worker dies or no longer answers, the photo is given to a new one.
   *
   * @throws ImageError, RequestError, ModelError, DownloadError, WorkerError, or the signal's reason
   */
  recognize(source: PhotoSource, options?: RecognizeOptions): Promise<Recognition>;
  /**
   * Runs the network `runs` times on a made-up photo, in turn with the photos that wait.
   *
   * @throws RequestError, ModelError, WorkerError, or the signal's reason
   */
  benchmark(options?: { runs?: number; signal?: AbortSignal }): Promise<Benchmark>;
  /** Ends the worker; what still waits rejects with a WorkerError. */
  close(): void;
}
