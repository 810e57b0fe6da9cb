/**
 * The page's side against workers whose answers the test gives. The worker itself runs in tests/browser, in Chromium.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRecognizer } from '../src/page/client';
import { DownloadError, ImageError, IntegrityError, WorkerError } from '../src/errors';
import {
  begin,
  browser,
  end,
  found,
  manifest,
  options,
  photo,
  ready,
  runtime,
  ScriptedWorker,
  turn,
} from './scripted';

beforeEach(begin);
afterEach(end);

describe('createRecognizer', () => {
  it('gives the worker the address of the model, relative to the page', async () => {
    const recognizer = await ready();
    expect(ScriptedWorker.current.requests).toMatchObject([
      { type: 'load', modelUrl: 'https://site/page/model/manifest.json', manifest: undefined },
    ]);
    expect(ScriptedWorker.current.options).toEqual({ type: 'module' });
    expect(recognizer.manifest).toBe(manifest);
    expect(recognizer.runtime).toEqual(runtime);
  });

  it('passes progress on', async () => {
    const onProgress = vi.fn();
    const recognizer = createRecognizer({ ...options, onProgress });
    ScriptedWorker.current.reply({ type: 'progress', progress: { loaded: 3, total: 9 } });
    ScriptedWorker.current.ready();
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

  it('loads in another worker when the first one dies, once', async () => {
    const recognizer = createRecognizer(options);
    ScriptedWorker.current.onerror?.({ message: 'out of memory' });
    await turn();
    ScriptedWorker.current.ready();
    await recognizer;
    expect(ScriptedWorker.all).toHaveLength(2);
  });

  it("rejects with the signal's reason and ends the worker", async () => {
    const controller = new AbortController();
    const recognizer = createRecognizer({ ...options, signal: controller.signal });
    controller.abort('left');
    await expect(recognizer).rejects.toBe('left');
    expect(ScriptedWorker.current.terminated).toBe(true);
  });

  it.each(['answers', 'is silent'])('lets a worker that %s keep what has come', async (worker) => {
    const controller = new AbortController();
    const recognizer = createRecognizer({ ...options, signal: controller.signal });
    const outcome = expect(recognizer).rejects.toBe('left');
    ScriptedWorker.current.reply({ type: 'progress', progress: { loaded: 3, total: 9 } });
    controller.abort('left');
    expect(ScriptedWorker.current.requests.at(-1)).toEqual({ type: 'leave' });
    expect(ScriptedWorker.current.terminated).toBe(false);
    if (worker === 'answers') {
      const error = { code: 'unexpected', message: 'aborted' };
      ScriptedWorker.current.reply({ type: 'refused', error });
    } else {
      await vi.advanceTimersByTimeAsync(1500);
    }
    await outcome;
    expect(ScriptedWorker.current.terminated).toBe(true);
  });
});

describe('recognize', () => {
  it('gives the worker one photo at a time, in the order of the calls', async () => {
    const recognizer = await ready();
    const worker = ScriptedWorker.current;
    const [first, second] = [recognizer.recognize(photo), recognizer.recognize(photo)];
    await turn();
    expect(worker.given).toHaveLength(1);
    worker.done({ type: 'failed', error: { code: 'image', message: 'no', reason: 'truncated' } });
    await expect(first).rejects.toMatchObject({ reason: 'truncated' });
    await expect(first).rejects.toBeInstanceOf(ImageError);
    await turn();
    worker.done(found(8));
    const { width, timings } = await second;
    expect(width).toBe(8);
    expect(timings).toMatchObject({ decode: 1, inference: 3 });
    expect(timings.total).toBeGreaterThanOrEqual(0);
  });

  it("passes the call's wishes on", async () => {
    const recognizer = await ready();
    void recognizer.recognize(photo, { minScore: 0.1, looks: 1, tiles: true });
    await turn();
    expect(ScriptedWorker.current.given[0].task).toEqual({
      type: 'recognize',
      source: photo,
      minScore: 0.1,
      looks: 1,
      tiles: true,
    });
  });

  it("rejects at once with the signal's reason, and the next photo waits until the worker is free", async () => {
    const recognizer = await ready();
    const worker = ScriptedWorker.current;
    const controller = new AbortController();
    const given = recognizer.recognize(photo, { signal: controller.signal });
    const next = recognizer.recognize(photo);
    await turn();
    controller.abort('next photo');
    await expect(given).rejects.toBe('next photo');
    expect(worker.requests.at(-1)).toEqual({ type: 'cancel', id: 0 });
    expect(worker.given).toHaveLength(1);
    worker.done({ type: 'cancelled' });
    await turn();
    worker.done(found(3));
    expect((await next).width).toBe(3);
  });

  it('replaces a worker that goes on with what was given up', async () => {
    const recognizer = await ready();
    const stubborn = ScriptedWorker.current;
    const controller = new AbortController();
    const given = recognizer.recognize(photo, { signal: controller.signal });
    const next = recognizer.recognize(photo);
    await turn();
    controller.abort('enough');
    await expect(given).rejects.toBe('enough');
    await vi.advanceTimersByTimeAsync(1500);
    expect(stubborn.terminated).toBe(true);
    ScriptedWorker.current.ready();
    await turn();
    ScriptedWorker.current.done(found(4));
    expect((await next).width).toBe(4);
  });

  it('sends nothing that was given up while the worker started', async () => {
    const recognizer = await ready({ idleAfter: 500 });
    await vi.advanceTimersByTimeAsync(600);
    const controller = new AbortController();
    const given = recognizer.recognize(photo, { signal: controller.signal });
    await turn();
    controller.abort('too slow');
    await expect(given).rejects.toBe('too slow');
    ScriptedWorker.current.ready();
    await turn();
    expect(ScriptedWorker.current.given).toEqual([]);
  });

  it('sends nothing for a signal that is aborted already', async () => {
    const recognizer = await ready();
    const given = recognizer.recognize(photo, { signal: AbortSignal.abort('late') });
    await expect(given).rejects.toBe('late');
    expect(ScriptedWorker.current.requests).toHaveLength(1);
  });

  it('rejects what waits when the recognizer is closed, and what comes later', async () => {
    const recognizer = await ready();
    const waiting = [recognizer.recognize(photo), recognizer.recognize(photo)];
    const outcomes = Promise.allSettled(waiting);
    await turn();
    recognizer.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: expect.any(WorkerError) as unknown,
      });
    }
    await expect(recognizer.recognize(photo)).rejects.toThrow(WorkerError);
    expect(ScriptedWorker.current.terminated).toBe(true);
  });
});

describe('a worker that dies', () => {
  it('gets a successor with the same model, and the photo once more', async () => {
    const recognizer = await ready();
    const first = ScriptedWorker.current;
    first.reply({ type: 'alive', lock: 'its lock' });
    const given = recognizer.recognize(photo);
    await turn();
    browser.locks.release('its lock');
    await turn();
    expect(first.terminated).toBe(true);
    expect(ScriptedWorker.current).not.toBe(first);
    expect(ScriptedWorker.current.requests[0]).toMatchObject({ type: 'load', manifest });
    ScriptedWorker.current.ready();
    await turn();
    ScriptedWorker.current.done(found(5));
    expect((await given).width).toBe(5);
  });

  it('twice with the same photo is an error, and the next photo gets another', async () => {
    const recognizer = await ready();
    const given = recognizer.recognize(photo);
    const outcome = expect(given).rejects.toThrow(WorkerError);
    await turn();
    ScriptedWorker.current.onerror?.({ message: 'gone' });
    await turn();
    ScriptedWorker.current.ready();
    await turn();
    ScriptedWorker.current.onerror?.({ message: 'gone again' });
    await outcome;
    const next = recognizer.recognize(photo);
    await turn();
    ScriptedWorker.current.ready();
    await turn();
    ScriptedWorker.current.done(found(6));
    expect((await next).width).toBe(6);
  });
});

describe('benchmark', () => {
  it('gives each run and the least of them', async () => {
    const recognizer = await ready();
    const benchmark = recognizer.benchmark({ runs: 2 });
    await turn();
    expect(ScriptedWorker.current.given[0].task).toEqual({ type: 'benchmark', runs: 2 });
    const memory = { tensors: 3, bytes: 12 };
    ScriptedWorker.current.done({ type: 'measured', runs: [9, 7], memory });
    expect(await benchmark).toEqual({ ...runtime, milliseconds: 7, runs: [9, 7], memory });
  });
});
