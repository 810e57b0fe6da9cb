/**
 * The page's side against a worker whose answers the test gives. The worker itself runs in tests/browser, in Chromium.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRecognizer, type Recognizer } from '../src/client';
import { DownloadError, ImageError, IntegrityError, WorkerError } from '../src/errors';
import type { Reply, Request } from '../src/protocol';
import { tinyFiles, tinyManifest } from './tiny_model';

const manifest = tinyManifest(tinyFiles());

class ScriptedWorker {
  static current: ScriptedWorker;
  readonly requests: Request[] = [];
  terminated = false;
  onmessage: ((event: { data: Reply }) => void) | undefined;
  onerror: ((event: { message?: string }) => void) | undefined;

  constructor(
    readonly url: string | URL,
    readonly options: WorkerOptions,
  ) {
    ScriptedWorker.current = this;
  }

  postMessage(request: Request): void {
    this.requests.push(request);
  }

  terminate(): void {
    this.terminated = true;
  }

  reply(data: Reply): void {
    this.onmessage?.({ data });
  }
}

beforeEach(() => {
  vi.stubGlobal('Worker', ScriptedWorker);
  vi.stubGlobal('document', { baseURI: 'https://site/page/' });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const options = { modelUrl: 'model/manifest.json', workerUrl: 'https://site/worker.js' };

async function ready(): Promise<Recognizer> {
  const recognizer = createRecognizer(options);
  ScriptedWorker.current.reply({ type: 'ready', manifest });
  return recognizer;
}

function answer(id: number): Reply {
  const timings = { decode: 1, letterbox: 2, inference: 3, recognition: 4 };
  const recognition = { width: 8, height: 9, detections: [], numbers: [], timings };
  return { type: 'recognized', id, recognition };
}

const photo = new Blob(['photo']);

describe('createRecognizer', () => {
  it('gives the worker the address of the model, relative to the page', async () => {
    const recognizer = await ready();
    expect(ScriptedWorker.current.requests).toEqual([
      { type: 'load', modelUrl: 'https://site/page/model/manifest.json' },
    ]);
    expect(ScriptedWorker.current.options).toEqual({ type: 'module' });
    expect(recognizer.manifest).toBe(manifest);
  });

  it('passes progress on', async () => {
    const onProgress = vi.fn();
    const recognizer = createRecognizer({ ...options, onProgress });
    ScriptedWorker.current.reply({ type: 'progress', progress: { loaded: 3, total: 9 } });
    ScriptedWorker.current.reply({ type: 'ready', manifest });
    await recognizer;
    expect(onProgress).toHaveBeenCalledExactlyOnceWith({ loaded: 3, total: 9 });
  });

  it("rejects with the worker's own error and ends it", async () => {
    const recognizer = createRecognizer(options);
    const error = { code: 'integrity', message: 'weights.bin has the wrong SHA-256' };
    ScriptedWorker.current.reply({ type: 'refused', error });
    await expect(recognizer).rejects.toThrow(new IntegrityError(error.message));
    await expect(recognizer).rejects.toBeInstanceOf(IntegrityError);
    expect(ScriptedWorker.current.terminated).toBe(true);
  });

  it("rejects when the worker's script is missing", async () => {
    const recognizer = createRecognizer(options);
    ScriptedWorker.current.onerror?.({});
    await expect(recognizer).rejects.toThrow(DownloadError);
  });

  it("rejects with the signal's reason and ends the worker", async () => {
    const controller = new AbortController();
    const recognizer = createRecognizer({ ...options, signal: controller.signal });
    controller.abort('left');
    await expect(recognizer).rejects.toBe('left');
    expect(ScriptedWorker.current.terminated).toBe(true);
  });
});

describe('recognize', () => {
  it('resolves each photo with its own answer, in whatever order they come', async () => {
    const recognizer = await ready();
    const [first, second] = [recognizer.recognize(photo), recognizer.recognize(photo)];
    ScriptedWorker.current.reply(answer(1));
    ScriptedWorker.current.reply({
      type: 'failed',
      id: 0,
      error: { code: 'image', message: 'no' },
    });
    await expect(first).rejects.toBeInstanceOf(ImageError);
    const { width, timings } = await second;
    expect(width).toBe(8);
    expect(timings).toMatchObject({ decode: 1, inference: 3 });
    expect(timings.total).toBeGreaterThanOrEqual(0);
  });

  it("rejects at once with the signal's reason and tells the worker", async () => {
    const recognizer = await ready();
    const controller = new AbortController();
    const given = recognizer.recognize(photo, { signal: controller.signal });
    controller.abort('next photo');
    await expect(given).rejects.toBe('next photo');
    expect(ScriptedWorker.current.requests.at(-1)).toEqual({ type: 'cancel', id: 0 });
    ScriptedWorker.current.reply(answer(0));
  });

  it('sends nothing for a signal that is aborted already', async () => {
    const recognizer = await ready();
    const given = recognizer.recognize(photo, { signal: AbortSignal.abort('late') });
    await expect(given).rejects.toBe('late');
    expect(ScriptedWorker.current.requests).toHaveLength(1);
  });

  it('rejects what waits when the recognizer is closed, and what comes later', async () => {
    const recognizer = await ready();
    const waiting = recognizer.recognize(photo);
    recognizer.close();
    await expect(waiting).rejects.toThrow(WorkerError);
    await expect(recognizer.recognize(photo)).rejects.toThrow(WorkerError);
    expect(ScriptedWorker.current.terminated).toBe(true);
  });
});
