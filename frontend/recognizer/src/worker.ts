/** The module worker: loads one model, then answers one photo after the other. */
import { decodePhoto } from './decoding';
import { download } from './download';
import { ModelError, toMessage } from './errors';
import { Model, startBackend } from './model';
import type { Reply, Request, WorkerRecognition } from './protocol';
import { recognizePixels, type Box } from './recognition';

let model = told(Promise.reject<Model>(new ModelError('No model was loaded')));
/** The queue's end: the next photo starts when it settles. */
let last: Promise<void> = Promise.resolve();
const waiting = new Set<number>();

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  switch (data.type) {
    case 'load':
      model = told(load(data.modelUrl));
      break;
    case 'recognize':
      waiting.add(data.id);
      last = last.then(() => answer(data));
      break;
    case 'cancel':
      waiting.delete(data.id);
  }
});

/** The page learns of a failure by a reply; the console need not complain that nobody looked. */
function told(loading: Promise<Model>): Promise<Model> {
  loading.catch(() => undefined);
  return loading;
}

function reply(message: Reply): void {
  postMessage(message);
}

async function load(modelUrl: string): Promise<Model> {
  try {
    const onProgress = (progress: { loaded: number; total: number }): void => {
      reply({ type: 'progress', progress });
    };
    const [{ manifest, files }] = await Promise.all([
      download(modelUrl, { onProgress }),
      startBackend(),
    ]);
    const loaded = await Model.load(manifest, files);
    reply({ type: 'ready', manifest });
    return loaded;
  } catch (error) {
    reply({ type: 'refused', error: toMessage(error) });
    throw error;
  }
}

/** A cancelled photo's answer is of no use to anybody: it ends at the next step, without one. */
async function answer({ id, source, minScore }: Request & { type: 'recognize' }): Promise<void> {
  if (!waiting.has(id)) return;
  try {
    const start = performance.now();
    const { pixels, width, height } = await decodePhoto(source);
    const decode = performance.now() - start;
    if (!waiting.has(id)) return;
    const { timings, ...findings } = await recognizePixels(pixels, await model, minScore);
    const enlarge = enlargement(width / pixels.width, height / pixels.height);
    const recognition: WorkerRecognition = {
      width,
      height,
      detections: findings.detections.map(enlarge),
      numbers: findings.numbers.map(enlarge),
      timings: { decode, ...timings },
    };
    reply({ type: 'recognized', id, recognition });
  } catch (error) {
    reply({ type: 'failed', id, error: toMessage(error) });
  } finally {
    waiting.delete(id);
  }
}

/** Boxes of a reduced photo to boxes of the photo itself. */
function enlargement(x: number, y: number): <T extends { box: Box }>(found: T) => T {
  return (found) => {
    const { xmin, ymin, xmax, ymax } = found.box;
    return { ...found, box: { xmin: xmin * x, ymin: ymin * y, xmax: xmax * x, ymax: ymax * y } };
  };
}
