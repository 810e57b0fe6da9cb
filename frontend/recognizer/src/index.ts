/** The public surface of @digitlens/recognizer. */
export { createRecognizer } from './client';
export type {
  Backend,
  Benchmark,
  Recognition,
  RecognizeOptions,
  Recognizer,
  RecognizerOptions,
  Runtime,
  Timings,
} from './api';
export type { Progress } from './download';
export {
  DownloadError,
  ImageError,
  IntegrityError,
  ManifestError,
  ModelError,
  RecognizerError,
  RequestError,
  WorkerError,
} from './errors';
export type { ImageProblem } from './errors';
export type { DetectedNumber, Detection } from './findings';
export type { Box } from './letterbox';
export type { Manifest } from './manifest';
export { lines } from './reading';
