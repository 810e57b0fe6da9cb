/**
 * The Node runtime: `node web_runtime.mjs WEB_MODEL_DIR [--no-verify]` loads a web model with the code that the browser
 * runs, and answers the frames of stdin on stdout, one answer per frame in their order, until stdin ends. With `--inspect`
 * it writes one line of JSON instead, for scripts/build.mjs: the model's key, the kernels that run it, its known answer.
 *
 * | op        | header                                  | payload                  | answer                            |
 * | letterbox | width, height                           | RGB uint8 [h, w, 3]      | RGB uint8 [H, W, 3]               |
 * | run       |                                         | RGB uint8 [H, W, 3]      | outputs: name, shape; float32 LE  |
 * | recognize | width, height, min_score?, looks?       | RGB uint8 [h, w, 3]      | detections, numbers, milliseconds |
 * | decode    | width, height, min_score?, outputs      | float32 LE, concatenated | detections, numbers               |
 * | read      | boxes [ymin, xmin, ymax, xmax], names   |                          | text                              |
 */
import { once } from 'node:events';
import { getKernelsForBackend, profile } from '@tensorflow/tfjs-core';
import { answerOf, modelKey, type Answer as KnownAnswer } from '../model/answer';
import { RequestError, toMessage } from '../errors';
import { loadFolder } from './folder';
import { encodeFrame, frames, type Frame, type Header } from './frames';
import { letterbox, type Pixels } from '../detector/letterbox';
import { checkShapes, type Model, type Output } from '../model/model';
import { numbers } from '../detector/reading';
import { decode, inputOf, recognizePixels } from '../detector/recognition';

interface Answer {
  header: object;
  payload?: Uint8Array;
}

type Operation = (frame: Frame, model: Model) => Answer | Promise<Answer>;

const OPERATIONS: Record<string, Operation> = {
  letterbox: (frame, { manifest }) => ({
    header: {},
    payload: letterbox(photoOf(frame), inputOf(manifest)),
  }),

  async run({ payload }, model) {
    const { height, width } = model.manifest.input;
    expectBytes(payload, height * width * 3, `an image of ${String(width)} × ${String(height)}`);
    const { boxes, scores } = await model.run(payload);
    const outputs = [boxes, scores];
    return {
      header: { outputs: outputs.map(({ name, shape }) => ({ name, shape })) },
      payload: Buffer.concat(outputs.map(({ values }) => new Uint8Array(values.buffer))),
    };
  },

  async recognize(frame, model) {
    const photo = photoOf(frame);
    const start = performance.now();
    const { detections, numbers } = await recognizePixels(photo, model, {
      minScore: minScoreOf(frame.header),
      looks: looksOf(frame.header),
    });
    return { header: { detections, numbers, milliseconds: performance.now() - start } };
  },

  decode(frame, { manifest }) {
    const outputs = outputsOf(frame);
    const [boxes, scores] = [manifest.outputs.boxes, manifest.outputs.scores].map((name) => {
      const output = outputs.find((candidate) => candidate.name === name);
      if (output === undefined) throw new RequestError(`decode needs the output ${name}`);
      return output;
    });
    checkShapes(boxes, scores, manifest);
    const findings = decode(
      { boxes, scores },
      sizeOf(frame.header),
      manifest,
      minScoreOf(frame.header),
    );
    return { header: findings };
  },

  read({ header }) {
    const { boxes, names } = header as { boxes?: number[][]; names?: string[] };
    if (!Array.isArray(boxes) || !Array.isArray(names) || boxes.length !== names.length) {
      throw new RequestError('read needs as many names as boxes');
    }
    const order = numbers(Float64Array.from(boxes.flat())).flat();
    return { header: { text: order.map((index) => names[index]).join('') } };
  },
};

function sizeOf({ width, height }: Header): { width: number; height: number } {
  if (!isCount(width) || !isCount(height)) {
    throw new RequestError('width and height must be whole numbers above 0');
  }
  return { width, height };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}

function photoOf({ header, payload }: Frame): Pixels {
  const { width, height } = sizeOf(header);
  expectBytes(payload, width * height * 3, `a photo of ${String(width)} × ${String(height)}`);
  return { data: payload, width, height, channels: 3 };
}

function minScoreOf({ min_score: minScore }: Header): number | undefined {
  if (minScore === undefined || typeof minScore === 'number') return minScore;
  throw new RequestError('min_score must be a number');
}

function looksOf({ looks }: Header): 1 | 2 | undefined {
  if (looks === undefined || looks === 1 || looks === 2) return looks;
  throw new RequestError('looks must be 1 or 2');
}

function outputsOf({ header, payload }: Frame): Output[] {
  const { outputs } = header as { outputs?: { name: string; shape: number[] }[] };
  if (!Array.isArray(outputs))
    throw new RequestError('decode needs outputs: name and shape of each');
  const sizes = outputs.map(({ shape }) => shape.reduce((size, length) => size * length, 1));
  expectBytes(payload, 4 * sizes.reduce((sum, size) => sum + size, 0), 'these outputs');
  let at = 0;
  return outputs.map(({ name, shape }, index) => {
    const values = new Float32Array(payload.buffer, at, sizes[index]);
    at += values.byteLength;
    return { name, shape, values };
  });
}

function expectBytes(payload: Uint8Array, bytes: number, what: string): void {
  if (payload.length !== bytes) {
    throw new RequestError(
      `${what} takes ${String(bytes)} bytes, and ${String(payload.length)} came`,
    );
  }
}

async function answered(frame: Frame, model: Model): Promise<Answer> {
  try {
    const name = String(frame.header['op']);
    if (!Object.hasOwn(OPERATIONS, name)) {
      throw new RequestError(`op ${name} is unknown: ${Object.keys(OPERATIONS).join(', ')}`);
    }
    return await OPERATIONS[name](frame, model);
  } catch (error) {
    return { header: { error: toMessage(error) } };
  }
}

async function send({ header, payload }: Answer): Promise<void> {
  if (!process.stdout.write(encodeFrame(header, payload))) await once(process.stdout, 'drain');
}

const FLAGS = ['--no-verify', '--inspect'];

async function inspected(model: Model): Promise<object> {
  const answers: KnownAnswer[] = [];
  const { kernelNames } = await profile(async () => {
    answers.push(await answerOf(model));
    return [];
  });
  // Gradients wrap some kernels, and are listed too.
  const known = new Set(getKernelsForBackend('wasm').map(({ kernelName }) => kernelName));
  const kernels = kernelNames.filter((name) => known.has(name)).sort();
  return { model: modelKey(model.manifest), kernels, answer: answers[0] };
}

async function main(): Promise<void> {
  const parameters = process.argv.slice(2);
  const folders = parameters.filter((parameter) => !parameter.startsWith('--'));
  const flags = parameters.filter((parameter) => parameter.startsWith('--'));
  if (folders.length !== 1 || flags.some((flag) => !FLAGS.includes(flag))) {
    throw new RequestError(`usage: web_runtime.mjs WEB_MODEL_DIR [${FLAGS.join(' | ')}]`);
  }
  const model = await loadFolder(folders[0], !flags.includes('--no-verify'));
  if (flags.includes('--inspect')) {
    process.stdout.write(`${JSON.stringify(await inspected(model))}\n`);
    return;
  }
  await send({ header: { ready: true } });
  for await (const frame of frames(process.stdin)) await send(await answered(frame, model));
}

try {
  await main();
} catch (error) {
  await send({ header: { error: toMessage(error) } });
  process.exitCode = 1;
}
