/** The module worker: loads one model, then does one task after the other. */
import { decodePhoto } from '../photo/decoding';
import { download } from '../loading/download';
import { DownloadError, ManifestError, messageOf, ModelError, toMessage } from '../errors';
import type { Opened } from './engine';
import type { Findings } from '../detector/findings';
import type { Box } from '../detector/letterbox';
import type { Manifest } from '../model/manifest';
import type { Outcome, Reply, Request, Task, WorkerRecognition } from '../protocol';
import { madeUpPhoto } from '../model/answer';
import { reportRequests } from './requests';

type Engine = typeof import('./engine');

/** Why a task's signal is aborted. */
class Cancelled extends Error {}

let opened: { engine: Engine; model: Opened['model'] } | undefined;
/** The queue's end: the next task starts when it settles. */
let last: Promise<void> = Promise.resolve();
/** Aborted when loading is given up. */
const leaving = new AbortController();
/** Tasks that wait or are being done, by id. */
const tasks = new Map<number, AbortController>();

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  switch (data.type) {
    case 'load':
      void load(data);
      break;
    case 'leave':
      leaving.abort();
      break;
    case 'do':
      tasks.set(data.id, new AbortController());
      last = last.then(() => done(data.id, data.task));
      break;
    case 'cancel':
      tasks.get(data.id)?.abort(new Cancelled());
  }
});

live();
reportRequests();

/** Holds a lock that the browser frees when this worker dies, however it dies: no event would tell the page. */
function live(): void {
  const lock = `recognizer-${String(Math.random()).slice(2)}-${String(performance.timeOrigin)}`;
  // Absent on pages without https.
  const locks = (navigator as { locks?: LockManager }).locks;
  void locks?.request(lock, () => {
    reply({ type: 'alive', lock });
    return new Promise(() => undefined);
  });
}

function reply(message: Reply): void {
  postMessage(message);
}

async function load({ choice, ...wanted }: Request & { type: 'load' }): Promise<void> {
  const onProgress = (progress: { loaded: number; total: number }): void => {
    reply({ type: 'progress', progress });
  };
  const { signal } = leaving;
  const options = { ...wanted, signal, onProgress, check: checkOperations };
  const downloading = download(wanted.modelUrl, options);
  try {
    const [engine, downloaded] = await Promise.all([
      // Whether the backend works is found out when the model is opened.
      importedEngine().then(async (engine) => {
        engine.watch({
          trying: (backend) => {
            reply({ type: 'trying', backend });
          },
          lost: (backend, why) => {
            reply({ type: 'lost', backend, why });
          },
        });
        await engine.start(choice.backends[0], choice).catch(() => undefined);
        return engine;
      }),
      downloading,
    ]);
    const { manifest, files, isKept } = downloaded;
    const { model, runtime, answer } = await engine.open(manifest, files, choice);
    opened = { engine, model };
    reply({ type: 'ready', manifest, runtime, answer, isKept });
  } catch (error) {
    // The page ends this worker now: what is on its way is kept first.
    leaving.abort();
    await downloading.catch(() => undefined);
    reply({ type: 'refused', error: toMessage(error) });
  }
}

async function importedEngine(): Promise<Engine> {
  try {
    return await import('./engine');
  } catch (error) {
    throw new DownloadError(`A part of the worker can't be fetched: ${messageOf(error)}`);
  }
}

/** @throws ManifestError if the model has operations that this worker was built without */
function checkOperations({ name, kernels }: Manifest): void {
  const unknown = kernels.filter((kernel) => !BUILT_FOR.operations.includes(kernel));
  if (unknown.length === 0) return;
  throw new ManifestError(
    `${name} needs ${unknown.join(', ')}, which this worker was built without: build it for this model`,
  );
}

async function done(id: number, task: Task): Promise<void> {
  reply({ type: 'done', id, outcome: await outcomeOf(id, task) });
  tasks.delete(id);
}

/** Resolves when the messages that had come by now were heard: sooner than a timer, which waits up to four milliseconds. */
function messagesHeard(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

async function outcomeOf(id: number, task: Task): Promise<Outcome> {
  const { signal } = tasks.get(id) ?? new AbortController();
  /** Says that a part is done, and lets a message that cancels come in; ends the task if one did. */
  const pause = async (): Promise<void> => {
    reply({ type: 'step', id });
    await messagesHeard();
    signal.throwIfAborted();
  };
  try {
    signal.throwIfAborted();
    if (opened === undefined) throw new ModelError('No model was loaded');
    return task.type === 'recognize'
      ? { type: 'recognized', recognition: await recognized(task, opened, signal, pause) }
      : await measured(task.runs, opened, pause);
  } catch (error) {
    if (error instanceof Cancelled) return { type: 'cancelled' };
    return { type: 'failed', error: toMessage(error) };
  }
}

/** What `work` gives; rejects at once when the signal says so, though a decoder can't be stopped. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Cancelled);
    });
    work.then(resolve, reject);
  });
}

async function recognized(
  { source, minScore, looks, tiles }: Task & { type: 'recognize' },
  { engine, model }: NonNullable<typeof opened>,
  signal: AbortSignal,
  pause: () => Promise<void>,
): Promise<WorkerRecognition> {
  const start = performance.now();
  const { pixels, width, height, incomplete } = await unlessAborted(
    decodePhoto(source, tiles === true, signal),
    signal,
  );
  const decode = performance.now() - start;
  await pause();
  const options = { minScore, looks, tiles, pause };
  const { timings, earlier, ...found } = await engine.recognizePixels(pixels, model, options);
  const enlarge = enlargement(width / pixels.width, height / pixels.height);
  const enlarged = ({ detections, numbers }: Findings): Findings => ({
    detections: detections.map(enlarge),
    numbers: numbers.map(enlarge),
  });
  return {
    ...found,
    ...enlarged(found),
    ...(earlier && { earlier: enlarged(earlier) }),
    width,
    height,
    incomplete,
    timings: { decode, ...timings },
  };
}

async function measured(
  count: number,
  { engine, model }: NonNullable<typeof opened>,
  pause: () => Promise<void>,
): Promise<Outcome> {
  const image = madeUpPhoto(model.manifest);
  const runs: number[] = [];
  while (runs.length < count) {
    await pause();
    const start = performance.now();
    await model.run(image);
    runs.push(performance.now() - start);
  }
  return { type: 'measured', runs, memory: engine.held() };
}

/** Boxes of a reduced photo to boxes of the photo itself. */
function enlargement(x: number, y: number): <T extends { box: Box }>(found: T) => T {
  return (found) => {
    const { xmin, ymin, xmax, ymax } = found.box;
    return { ...found, box: { xmin: xmin * x, ymin: ymin * y, xmax: xmax * x, ymax: ymax * y } };
  };
}
