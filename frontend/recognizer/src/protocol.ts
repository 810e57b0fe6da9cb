/** What the page and its worker say to each other. */
import type { Progress } from './download';
import type { ErrorMessage } from './errors';
import type { Manifest } from './manifest';
import type { CoreTimings, Findings } from './recognition';

/** Milliseconds that the steps of one recognition took; `total` is what the page waited. */
export interface Timings extends CoreTimings {
  decode: number;
  total: number;
}

/** What `recognize` resolves to. */
export interface Recognition extends Findings {
  /** of the photo, turned as EXIF says, in pixels */
  width: number;
  height: number;
  timings: Timings;
}

/** The worker's answer; the page adds how long it waited. */
export type WorkerRecognition = Omit<Recognition, 'timings'> & { timings: Omit<Timings, 'total'> };

/** From the page to the worker. */
export type Request =
  | { type: 'load'; modelUrl: string }
  | { type: 'recognize'; id: number; source: Blob | ImageBitmap; minScore: number | undefined }
  | { type: 'cancel'; id: number };

/** From the worker to the page. */
export type Reply =
  | { type: 'progress'; progress: Progress }
  | { type: 'ready'; manifest: Manifest }
  | { type: 'refused'; error: ErrorMessage }
  | { type: 'recognized'; id: number; recognition: WorkerRecognition }
  | { type: 'failed'; id: number; error: ErrorMessage };
