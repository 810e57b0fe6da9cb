/** What can't be is refused by name, before a worker is started. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecognizerOptions } from '../src/api';
import { DownloadError, ImageError, RequestError, WorkerError } from '../src/errors';
import { createRecognizer } from '../src/page/client';
import { begin, end, options, photo, ready, ScriptedWorker } from './scripted';

beforeEach(begin);
afterEach(end);

const CREATE: [string, unknown[]][] = [
  ['modelUrl', [undefined, null, '', 5, 'http://', {}]],
  ['modelSha256', ['', 'abc', 'G'.repeat(64), 7]],
  ['workerUrl', ['', null, 'https://:x', 3]],
  ['onProgress', ['yes', {}, null]],
  ['signal', ['stop', 1, null, {}]],
  ['backend', ['cuda', '', null, 1]],
  ['threads', [0, -1, 1.5, NaN, '4', null, Infinity]],
  ['idleAfter', [-1, NaN, '60', null, 2 ** 31]],
];
const RECOGNIZE: [string, unknown[]][] = [
  ['minScore', [5, -0.1, NaN, '0.5', null]],
  ['looks', [3, 0, 1.5, '1', null]],
  ['tiles', [1, 'true', null]],
  ['signal', [true, {}]],
];
const cases = (table: [string, unknown[]][]): [string, unknown][] =>
  table.flatMap(([name, values]) => values.map((value): [string, unknown] => [name, value]));

describe('a wrong option', () => {
  it.each(cases(CREATE))('of createRecognizer is named: %s %j', async (name, value) => {
    const wrong = createRecognizer({ ...options, [name]: value });
    await expect(wrong).rejects.toThrow(RequestError);
    await expect(wrong).rejects.toThrow(new RegExp(`\\b${name}\\b`));
    expect(ScriptedWorker.all).toEqual([]);
  });

  it.each(cases(RECOGNIZE))('of recognize is named: %s %j', async (name, value) => {
    const recognizer = await ready();
    const wrong = recognizer.recognize(photo, { [name]: value });
    await expect(wrong).rejects.toThrow(RequestError);
    await expect(wrong).rejects.toThrow(new RegExp(`\\b${name}\\b`));
    expect(ScriptedWorker.current.given).toEqual([]);
  });

  it.each([0, 1.5, '3', null])('of benchmark is named: runs %j', async (runs) => {
    const recognizer = await ready();
    await expect(recognizer.benchmark({ runs: runs as number })).rejects.toThrow(/\bruns\b/);
  });

  it.each([undefined, null, 'model/manifest.json', 7])('instead of all: %j', async (wrong) => {
    await expect(createRecognizer(wrong as unknown as RecognizerOptions)).rejects.toThrow(
      RequestError,
    );
  });

  it('that is misspelt is named with those that there are', async () => {
    const wrong = createRecognizer({ ...options, modelURL: 'x' } as RecognizerOptions);
    await expect(wrong).rejects.toThrow(/no option modelURL; it takes modelUrl, /);
  });
});

describe('a right option', () => {
  it.each([
    { idleAfter: Infinity },
    { idleAfter: 0, threads: 1, backend: 'cpu' },
    { modelSha256: undefined, workerUrl: new URL('https://site/w.js') },
    { signal: new AbortController().signal, onProgress: () => undefined },
  ] as Partial<RecognizerOptions>[])('is taken: %j', async (more) => {
    (await ready(more)).close();
  });
});

describe('what is no photo', () => {
  it.each([undefined, null, 5, {}, [], () => undefined])('is refused: %j', async (wrong) => {
    const recognizer = await ready();
    await expect(recognizer.recognize(wrong as Blob)).rejects.toThrow(ImageError);
  });

  it('at an address is a DownloadError that names it', async () => {
    const recognizer = await ready();
    const wrong = recognizer.recognize('data:nonsense');
    await expect(wrong).rejects.toThrow(DownloadError);
    await expect(wrong).rejects.toThrow(/data:nonsense/);
    await expect(recognizer.recognize('http://')).rejects.toThrow(RequestError);
  });

  it('is sent as bytes where it is some', async () => {
    const recognizer = await ready();
    void recognizer.recognize(new Uint8Array([1, 2, 3]));
    await Promise.resolve();
    const [{ task }] = ScriptedWorker.current.given;
    expect(task.type === 'recognize' && task.source instanceof Blob && task.source.size).toBe(3);
  });
});

describe('a worker that is refused', () => {
  it('is named, with what may help', async () => {
    const recognizer = createRecognizer(options);
    ScriptedWorker.current.onerror?.({});
    await expect(recognizer).rejects.toThrow(/https:\/\/site\/worker\.js .*recognizer-files/);
    const elsewhere = createRecognizer({ ...options, workerUrl: 'https://cdn/worker.js' });
    expect(String(ScriptedWorker.current.url)).toMatch(/^blob:/);
    ScriptedWorker.current.onerror?.({});
    await expect(elsewhere).rejects.toThrow(/https:\/\/cdn\/worker\.js .*CORS.*blob:/);
  });

  it('by the browser itself is a WorkerError', async () => {
    vi.stubGlobal('Worker', function refused() {
      throw new DOMException('not this one', 'SecurityError');
    });
    await expect(createRecognizer(options)).rejects.toThrow(WorkerError);
    await expect(createRecognizer(options)).rejects.toThrow(/not this one/);
  });
});
