/** The public surface of @digitlens/recognizer. */
export { createRecognizer } from './client';
export type { RecognizeOptions, Recognizer, RecognizerOptions } from './client';
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
export type { Manifest } from './manifest';
export type { Recognition, Timings } from './protocol';
export type { Box, DetectedNumber, Detection } from './recognition';
