/** The public surface of @digitlens/recognizer. */
export { createRecognizer } from './page/client';
export type {
  Backend,
  Benchmark,
  PhotoSource,
  Recognition,
  RecognizeOptions,
  Recognizer,
  RecognizerOptions,
  Runtime,
  Timings,
} from './api';
export type { Progress } from './loading/download';
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
export type { DetectedNumber, Detection } from './detector/findings';
export type { Box } from './detector/letterbox';
export type { Manifest } from './model/manifest';
export { lines } from './detector/reading';
export { probability } from './detector/scores';
