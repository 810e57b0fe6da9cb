/** What the page and its worker say to each other. */
import type { Answer } from './model/answer';
import type { Backend, Memory, Recognition, RecognizeOptions, Runtime, Timings } from './api';
import type { Progress } from './loading/download';
import type { ErrorMessage } from './errors';
import type { Manifest } from './model/manifest';

/** Which backends to try, and how. */
export interface Choice {
  /** in this order; the first that gives the known answer is used */
  backends: Backend[];
  /** also use graphics processors that are only imitated */
  software: boolean;
  /** of the wasm backend; half the processors if not given */
  threads: number | undefined;
  /** what a backend that was trusted answered on this device, and with which model */
  expected: { model: string; answer: Answer } | undefined;
  /** how many inferences are timed */
  runs: number;
  /** addresses of the WebAssembly files by their names in TensorFlow.js, where they don't lie beside the worker */
  wasm: Record<string, string> | undefined;
}

/** A backend that runs. */
export interface Started {
  /** of the wasm backend; 1 of the others */
  threads: number;
  /** says why, when the browser takes the graphics processor away */
  lost?: Promise<string>;
}

/** The worker's answer; the page adds how long it waited. */
export type WorkerRecognition = Omit<Recognition, 'timings'> & { timings: Omit<Timings, 'total'> };

/** Something to be done, one after the other. */
export type Task =
  | ({ type: 'recognize'; source: Blob | ImageBitmap } & Omit<RecognizeOptions, 'signal'>)
  | { type: 'benchmark'; runs: number };

/** What came of a task. */
export type Outcome =
  | { type: 'recognized'; recognition: WorkerRecognition }
  | { type: 'measured'; runs: number[]; memory: Memory }
  | { type: 'cancelled' }
  | { type: 'failed'; error: ErrorMessage };

/** Which model to load. A manifest that was loaded before is given again: no other release comes in between. */
export interface Wanted {
  modelUrl: string;
  /** of the manifest's text, if it matters */
  sha256: string | undefined;
  manifest: Manifest | undefined;
}

/** What is known of a model once it is loaded. */
export interface Loaded {
  manifest: Manifest;
  runtime: Runtime;
  answer: Answer;
  /** whether another worker finds the model's files on this device */
  isKept: boolean;
}

/** From the page to the worker. */
export type Request =
  | ({ type: 'load'; choice: Choice } & Wanted)
  /** loading is given up; what has come of the model is to be kept */
  | { type: 'leave' }
  | { type: 'do'; id: number; task: Task }
  | { type: 'cancel'; id: number };

/** From the worker to the page. The worker holds `lock` as long as it lives, and says so where it gets on. */
export type Reply =
  | { type: 'alive'; lock: string }
  | { type: 'progress'; progress: Progress }
  /** a backend is about to be started */
  | { type: 'trying'; backend: Backend }
  /** a part of the task is done */
  | { type: 'step'; id: number }
  /** the browser took the graphics processor away: what was begun there never ends */
  | { type: 'lost'; backend: Backend; why: string }
  | ({ type: 'ready' } & Loaded)
  | { type: 'refused'; error: ErrorMessage }
  | { type: 'done'; id: number; outcome: Outcome };
