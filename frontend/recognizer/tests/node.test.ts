import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorMessage } from '../src/errors';
import { encodeFrame, frames, type Frame } from '../src/node/frames';
import { letterbox, type Box } from '../src/detector/letterbox';
import type { Manifest } from '../src/model/manifest';
import { tinyFiles, writeTinyModel } from './tiny_model';

const RUNTIME = fileURLToPath(new URL('../dist/node/web_runtime.mjs', import.meta.url));
const RED = [255, 0, 0];
const GREEN = [0, 255, 0];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tiny-model-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** All frames that the runtime answers to `requests`, and its exit code. */
async function run(requests: Uint8Array[], ...flags: string[]) {
  const runtime = spawn(process.execPath, [RUNTIME, folder, ...flags]);
  runtime.stdin.on('error', () => undefined);
  runtime.stdin.end(Buffer.concat(requests));
  const diagnostics: Buffer[] = [];
  runtime.stderr.on('data', (chunk: Buffer) => diagnostics.push(chunk));
  const exit = new Promise<number | null>((resolve) => runtime.on('close', resolve));
  const answers: Frame[] = [];
  for await (const frame of frames(runtime.stdout)) answers.push(frame);
  return { answers, code: await exit, stderr: Buffer.concat(diagnostics).toString() };
}

async function answersOf(...requests: Uint8Array[]): Promise<Frame[]> {
  const { answers, code } = await run(requests);
  expect(answers[0].header).toMatchObject({ ready: true });
  expect(code).toBe(0);
  return answers.slice(1);
}

function errorOf({ header }: Frame): ErrorMessage | undefined {
  return header['error'] as ErrorMessage | undefined;
}

/** A photo of equal cells, 8 pixels wide and high: rows of colours. */
function cells(...rows: number[][][]): { width: number; height: number; rgb: Uint8Array } {
  const [width, height] = [rows[0].length * 8, rows.length * 8];
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rgb.set(rows[Math.floor(y / 8)][Math.floor(x / 8)], (y * width + x) * 3);
    }
  }
  return { width, height, rgb };
}

const BLACK = [0, 0, 0];
/** Scores enough to be looked at again, and not for certain. */
const DULL = [136, 0, 0];
const row = [BLACK, BLACK, BLACK, BLACK];
const photo = cells([RED, GREEN, BLACK, BLACK], row, [BLACK, BLACK, BLACK, RED], row);

function recognizeRequest(minScore?: number): Uint8Array {
  const { width, height, rgb } = photo;
  return encodeFrame({ op: 'recognize', width, height, min_score: minScore }, rgb);
}

/** 128 × 128 pixels, a square from 64 to 96: one cell of the first look, four of the enlarged second. */
function farAway(colour: number[], header: object): Uint8Array {
  const colours = Array.from({ length: 16 }, (_, y) =>
    Array.from({ length: 16 }, (_, x) => (x >> 2 === 2 && y >> 2 === 2 ? colour : BLACK)),
  );
  const { width, height, rgb } = cells(...colours);
  return encodeFrame({ op: 'recognize', width, height, ...header }, rgb);
}

describe('the Node runtime', () => {
  it('finds the objects of a photo and reads them', async () => {
    writeTinyModel(folder);
    const [{ header }] = await answersOf(recognizeRequest());
    expect(header['detections']).toMatchObject([
      { class: 'a', box: { xmin: 0, ymin: 0, xmax: 8, ymax: 8 } },
      { class: 'b', box: { xmin: 8, ymin: 0, xmax: 16, ymax: 8 } },
      { class: 'a', box: { xmin: 24, ymin: 16, xmax: 32, ymax: 24 } },
    ]);
    expect(header['numbers']).toMatchObject([
      { text: 'ab', indices: [0, 1], box: { xmin: 0, ymin: 0, xmax: 16, ymax: 8 } },
      { text: 'a', indices: [2] },
    ]);
    expect(header['milliseconds']).toBeGreaterThan(0);
  });

  it('reads each object alone where objects are not characters', async () => {
    writeTinyModel(folder, { reading: 'none' });
    const [{ header }] = await answersOf(recognizeRequest());
    expect(header['numbers']).toMatchObject([{ text: 'a' }, { text: 'b' }, { text: 'a' }]);
  });

  it('looks again, enlarged, where the manifest says so, and believes the first look less', async () => {
    writeTinyModel(folder, { looks: 2 });
    const [twice, once] = await answersOf(
      farAway(DULL, { min_score: 0.1 }),
      farAway(DULL, { min_score: 0.1, looks: 1 }),
    );
    expect(once.header['detections']).toMatchObject([{ box: { xmin: 64, xmax: 96 } }]);
    const [faded, ...later] = twice.header['detections'] as { score: number; box: Box }[];
    const [first] = once.header['detections'] as { score: number }[];
    expect(faded).toMatchObject({ box: { xmin: 64 }, score: first.score * 0.6 });
    // The region begins 0.6 of the square's height before it, at 44, and its cells are 18 pixels wide.
    expect(later.map(({ box }) => box.xmin)).toEqual([62, 80, 62, 80]);
    expect(later.map(({ box }) => box.ymin)).toEqual([62, 62, 80, 80]);
  });

  it('does not look again at what it read for certain', async () => {
    writeTinyModel(folder, { looks: 2 });
    const [twice, once] = await answersOf(farAway(RED, {}), farAway(RED, { looks: 1 }));
    expect(twice.header['detections']).toEqual(once.header['detections']);
  });

  it('skips a background column', async () => {
    writeTinyModel(folder, { background_column: true, classes: ['green'] });
    const [{ header }] = await answersOf(recognizeRequest());
    expect(header['detections']).toMatchObject([{ class: 'green', box: { xmin: 8 } }]);
  });

  it('lists doubtful objects on request, and makes no numbers of them', async () => {
    writeTinyModel(folder);
    const [{ header }] = await answersOf(recognizeRequest(0));
    expect(header['detections']).toHaveLength(16);
    expect(header['numbers']).toHaveLength(2);
  });

  it('names what else a place may show, where that is asked for', async () => {
    writeTinyModel(folder);
    const [all, certain] = await answersOf(recognizeRequest(0), recognizeRequest());
    const [first] = all.header['detections'] as { others: Record<string, number> }[];
    expect(first.others).toEqual({ b: expect.closeTo(1 / (1 + Math.exp(8)), 6) as number });
    expect((certain.header['detections'] as object[])[0]).not.toHaveProperty('others');
  });

  it("letterboxes with the library's own routine", async () => {
    writeTinyModel(folder);
    const tall = cells([RED], [GREEN], [RED], [GREEN], [RED], [GREEN]);
    const { width, height, rgb } = tall;
    const [{ payload }] = await answersOf(encodeFrame({ op: 'letterbox', width, height }, rgb));
    const input = { width: 32, height: 32, fill: 0 };
    expect(payload).toEqual(letterbox({ data: rgb, width, height, channels: 3 }, input));
  });

  it('gives raw outputs, and decodes them to what it recognizes itself', async () => {
    writeTinyModel(folder);
    const [raw] = await answersOf(encodeFrame({ op: 'run' }, photo.rgb));
    expect(raw.header['outputs']).toEqual([
      { name: 'detection_boxes', shape: [1, 16, 4] },
      { name: 'detection_multiclass_scores', shape: [1, 16, 2] },
    ]);
    const { width, height } = photo;
    const { outputs } = raw.header;
    const [decoded, recognized] = await answersOf(
      encodeFrame({ op: 'decode', width, height, outputs }, raw.payload),
      recognizeRequest(),
    );
    expect(decoded.header['detections']).toEqual(recognized.header['detections']);
    expect(decoded.header['numbers']).toEqual(recognized.header['numbers']);
  });

  it('reads names in order of their boxes', async () => {
    writeTinyModel(folder);
    const boxes = [
      [0, 20, 10, 26],
      [0, 10, 10, 16],
      [50, 10, 60, 16],
    ];
    const names = ['2', '1', '3'];
    const [{ header }] = await answersOf(encodeFrame({ op: 'read', boxes, names }));
    expect(header['text']).toBe('123');
  });

  it('answers a wrong request with an error and goes on', async () => {
    writeTinyModel(folder);
    const answers = await answersOf(
      encodeFrame({ op: 'dance' }),
      encodeFrame({ op: 'run' }, new Uint8Array(5)),
      encodeFrame({ op: 'recognize', width: 0, height: 4 }),
      farAway(RED, { looks: 3 }),
      recognizeRequest(),
    );
    const [dance, short, empty, thrice, fine] = answers.map(errorOf);
    const codes = [dance, short, empty, thrice].map((error) => error?.code);
    expect(codes).toEqual(['request', 'request', 'request', 'request']);
    expect(dance?.message).toContain('dance');
    expect(short?.message).toContain('3072 bytes');
    expect(fine).toBeUndefined();
  });
});

describe('a web model that is not whole', () => {
  const refusals: [string, Partial<Manifest>, string, RegExp][] = [
    [
      'a class too many',
      { classes: ['a', 'b', 'c'] },
      'model',
      /detection_multiclass_scores.*\[1, 16, 3\]/,
    ],
    [
      'an output that is not there',
      { outputs: { boxes: 'nowhere', scores: 'scores' } },
      'model',
      /nowhere/,
    ],
  ];

  it.each(refusals)('is refused: %s', async (_, changes, code, message) => {
    writeTinyModel(folder, changes);
    const { answers, code: exitCode } = await run([]);
    expect(exitCode).toBe(1);
    expect(answers).toHaveLength(1);
    expect(errorOf(answers[0])?.code).toBe(code);
    expect(errorOf(answers[0])?.message).toMatch(message);
  });

  it('is refused when a byte of a shard changed, unless told not to look', async () => {
    writeTinyModel(folder);
    const weights = tinyFiles().get('weights.bin') ?? new Uint8Array();
    weights[0] ^= 1;
    writeFileSync(join(folder, 'weights.bin'), weights);
    const checked = await run([]);
    expect(checked.code).toBe(1);
    expect(errorOf(checked.answers[0])?.code).toBe('integrity');
    const unchecked = await run([], '--no-verify');
    expect(unchecked.answers[0].header).toMatchObject({ ready: true });
  });

  it('is refused without its manifest', async () => {
    const { answers, code } = await run([]);
    expect(code).toBe(1);
    expect(errorOf(answers[0])?.code).toBe('download');
  });
});
