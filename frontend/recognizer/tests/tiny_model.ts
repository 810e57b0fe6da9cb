/**
 * A web model small enough to read: 32 × 32 input, 16 cells of 8 × 8 pixels. A cell is class "a" as far as it is red and
 * class "b" as far as it is green; its box is the cell.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../src/model/manifest';

const CELLS = 4;
const CELL = 8;
const SIZE = CELLS * CELL;

interface Weight {
  name: string;
  shape: number[];
  values: number[];
  dtype: 'float32' | 'int32';
}

/** Cell means of 0–255, minus 128, over 16: a colour of 255 scores sigmoid(8), of 0 sigmoid(-8). */
function weights(): Weight[] {
  const kernel = Array.from({ length: CELL * CELL * 3 }, (_, index) => {
    const each = 1 / (CELL * CELL * 16);
    const channel = index % 3;
    return [channel === 0 ? each : 0, channel === 1 ? each : 0];
  });
  const boxes = Array.from({ length: CELLS * CELLS }, (_, cell) => {
    const [y, x] = [Math.floor(cell / CELLS), cell % CELLS];
    return [y, x, y + 1, x + 1].map((corner) => corner / CELLS);
  });
  return [
    { name: 'kernel', shape: [CELL, CELL, 3, 2], values: kernel.flat(), dtype: 'float32' },
    { name: 'bias', shape: [2], values: [-8, -8], dtype: 'float32' },
    { name: 'rows', shape: [3], values: [1, CELLS * CELLS, 2], dtype: 'int32' },
    { name: 'cells', shape: [1, CELLS * CELLS, 4], values: boxes.flat(), dtype: 'float32' },
    { name: 'zero', shape: [], values: [0], dtype: 'float32' },
  ];
}

const FLOAT = { type: 'DT_FLOAT' };
const text = (value: string): object => ({ s: Buffer.from(value).toString('base64') });
const list = (...values: number[]): object => ({ list: { i: values.map(String) } });
const shape = (...sizes: number[]): object => ({
  dim: sizes.map((size) => ({ size: String(size) })),
});

function nodes(): object[] {
  const constants = weights().map(({ name, shape: sizes, dtype }) => {
    const type = dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT';
    const value = { tensor: { dtype: type, tensorShape: shape(...sizes) } };
    return { name, op: 'Const', attr: { dtype: { type }, value } };
  });
  const convolution = {
    T: FLOAT,
    strides: list(1, CELL, CELL, 1),
    dilations: list(1, 1, 1, 1),
    padding: text('VALID'),
    data_format: text('NHWC'),
  };
  return [
    {
      name: 'image',
      op: 'Placeholder',
      attr: { dtype: FLOAT, shape: { shape: shape(1, SIZE, SIZE, 3) } },
    },
    ...constants,
    { name: 'means', op: 'Conv2D', input: ['image', 'kernel'], attr: convolution },
    { name: 'centred', op: 'AddV2', input: ['means', 'bias'], attr: { T: FLOAT } },
    { name: 'flat', op: 'Reshape', input: ['centred', 'rows'], attr: { T: FLOAT } },
    { name: 'scores', op: 'Sigmoid', input: ['flat'], attr: { T: FLOAT } },
    { name: 'boxes', op: 'AddV2', input: ['cells', 'zero'], attr: { T: FLOAT } },
  ];
}

function shard(): Uint8Array {
  const parts = weights().map(({ values, dtype }) => {
    const typed = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
    return new Uint8Array(typed.buffer);
  });
  return Buffer.concat(parts);
}

function graph(): Uint8Array {
  const tensor = (name: string): object => ({ name: `${name}:0`, dtype: 'DT_FLOAT' });
  return Buffer.from(
    JSON.stringify({
      format: 'graph-model',
      modelTopology: { node: nodes(), library: {}, versions: {} },
      signature: {
        inputs: { image: tensor('image') },
        outputs: {
          detection_boxes: tensor('boxes'),
          detection_multiclass_scores: tensor('scores'),
        },
      },
      weightsManifest: [
        {
          paths: ['weights.bin'],
          weights: weights().map(({ name, shape, dtype }) => ({ name, shape, dtype })),
        },
      ],
    }),
  );
}

export type TinyFiles = Map<string, Uint8Array<ArrayBuffer>>;

/** The model's files without its manifest. */
export function tinyFiles(): TinyFiles {
  return new Map([
    ['model.json', new Uint8Array(graph())],
    ['weights.bin', new Uint8Array(shard())],
  ]);
}

/** The manifest of `files`, with `changes` put over it. */
export function tinyManifest(files: TinyFiles, changes: Partial<Manifest> = {}): Manifest {
  return {
    format_version: 1,
    name: 'tiny',
    classes: ['a', 'b'],
    reading: 'lines',
    input: {
      name: 'image',
      height: SIZE,
      width: SIZE,
      letterbox: { anchor: 'top-left', fill: 0, resample: 'bilinear-antialias' },
    },
    outputs: { boxes: 'detection_boxes', scores: 'detection_multiclass_scores' },
    background_column: false,
    score_threshold: 0.5,
    suppression: {
      iou_threshold: 0.5,
      class_agnostic: true,
      max_candidates: 100,
      max_detections: 50,
    },
    quantization: 'none',
    kernels: ['AddV2', 'Conv2D', 'Reshape', 'Sigmoid'],
    files: [...files].map(([path, bytes]) => ({
      path,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })),
    provenance: { commit: null, data_fingerprint: null, versions: {} },
    ...changes,
  };
}

/** Writes the whole web model into `folder`. */
export function writeTinyModel(folder: string, changes: Partial<Manifest> = {}): void {
  const files = tinyFiles();
  for (const [path, bytes] of files) writeFileSync(join(folder, path), bytes);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(tinyManifest(files, changes)));
}
