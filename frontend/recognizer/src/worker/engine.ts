/** TensorFlow.js and all that needs it: the part of the worker that is loaded while the model is on its way. */
import { setBackend } from '@tensorflow/tfjs-core';
import { agree, answerOf, modelKey, type Answer } from '../model/answer';
import type { Backend, Runtime } from '../api';
import { DownloadError, messageOf, ModelError, RecognizerError } from '../errors';
import type { Files, Manifest } from '../model/manifest';
import { Model } from '../model/model';
import type { Choice, Started } from '../protocol';

export { held } from '../model/model';
export { recognizePixels } from '../detector/recognition';

/** A model on the backend that was chosen. */
export interface Opened {
  model: Model;
  runtime: Runtime;
  answer: Answer;
}

const started = new Map<Backend, Promise<Started>>();

/** Who is told what happens to backends. */
interface Watcher {
  /** it is about to be started, or measured once more */
  trying: (backend: Backend) => void;
  /** the browser took it away */
  lost: (backend: Backend, why: string) => void;
}

let watcher: Watcher | undefined;

export function watch(one: Watcher): void {
  watcher = one;
}

/**
 * Starts a backend, or goes back to one that was started.
 *
 * @returns its number of threads
 * @throws DownloadError if its files can't be fetched, ModelError if this browser doesn't have it
 */
export async function start(backend: Backend, choice: Choice): Promise<number> {
  watcher?.trying(backend);
  const starting = started.get(backend) ?? begun(backend, choice);
  started.set(backend, starting);
  const { threads } = await starting;
  await setBackend(backend);
  return threads;
}

async function begun(backend: Backend, choice: Choice): Promise<Started> {
  const { start } = await imported(backend);
  const started = await start(choice);
  void started.lost?.then((why) => watcher?.lost(backend, why));
  return started;
}

/**
 * Loads the model on the first of the backends that works and gives the known answer.
 *
 * @throws what was wrong with the backends
 */
export async function open(manifest: Manifest, files: Files, choice: Choice): Promise<Opened> {
  const failures: RecognizerError[] = [];
  for (const backend of choice.backends) {
    try {
      const expected = await known(manifest, files, backend, choice);
      const threads = await start(backend, choice);
      const model = await Model.load(manifest, files);
      try {
        const { answer, milliseconds } = await tested(model, backend, expected, choice.runs);
        return { model, runtime: { backend, threads, milliseconds }, answer };
      } catch (error) {
        model.dispose();
        throw error;
      }
    } catch (error) {
      failures.push(error instanceof RecognizerError ? error : new ModelError(messageOf(error)));
    }
  }
  // What another try may mend comes first.
  throw failures.find((failure) => failure instanceof DownloadError) ?? failures[0];
}

/**
 * What the backend must answer: known since the build, or from an earlier visit, or found out now. WebAssembly and
 * JavaScript compute as their standards say and are trusted; graphics processors are not.
 */
async function known(
  manifest: Manifest,
  files: Files,
  backend: Backend,
  choice: Choice,
): Promise<Answer | undefined> {
  const model = modelKey(manifest);
  if (BUILT_FOR.model === model) return BUILT_FOR.answer;
  if (choice.expected?.model === model) return choice.expected.answer;
  if (backend === 'wasm' || backend === 'cpu') return undefined;
  const trusted = await open(manifest, files, { ...choice, backends: ['wasm', 'cpu'], runs: 1 });
  trusted.model.dispose();
  return trusted.answer;
}

/** @throws ModelError if the backend gives wrong values */
async function tested(
  model: Model,
  backend: Backend,
  expected: Answer | undefined,
  runs: number,
): Promise<{ answer: Answer; milliseconds: number }> {
  let milliseconds = Infinity;
  let answer: Answer | undefined;
  for (let run = 0; run < runs || answer === undefined; run++) {
    watcher?.trying(backend);
    const start = performance.now();
    answer = await answerOf(model);
    milliseconds = Math.min(milliseconds, performance.now() - start);
    if (!agree(answer, expected ?? answer)) {
      throw new ModelError(`The backend ${backend} gives wrong values on this device`);
    }
  }
  return { answer, milliseconds };
}

async function imported(
  backend: Backend,
): Promise<{ start: (choice: Choice) => Promise<Started> }> {
  try {
    switch (backend) {
      case 'webgpu':
        return await import('../backends/webgpu');
      case 'webgl':
        return await import('../backends/webgl');
      case 'wasm':
        return await import('../backends/wasm');
      case 'cpu':
        return await import('../backends/cpu');
    }
  } catch (error) {
    throw new DownloadError(`The backend ${backend} can't be fetched: ${messageOf(error)}`);
  }
}
