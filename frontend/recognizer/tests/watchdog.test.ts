/** Workers that live and don't answer, at every stage and on every backend: replaced, and the photo read on by another. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../src/api';
import { WorkerError } from '../src/errors';
import {
  begin,
  browser,
  end,
  found,
  options,
  photo,
  ready,
  ScriptedWorker,
  turn,
} from './scripted';
import { createRecognizer } from '../src/page/client';

beforeEach(begin);
afterEach(end);

const BACKENDS: Backend[] = ['wasm', 'webgl', 'webgpu', 'cpu'];
const MINUTE = 60_000;

/** Until the present worker has a successor; says how many milliseconds it took. */
async function replaced(): Promise<number> {
  const silent = ScriptedWorker.current;
  for (let waited = 0; waited < 10 * MINUTE; waited += 500) {
    if (silent.terminated && ScriptedWorker.current !== silent) return waited;
    await vi.advanceTimersByTimeAsync(500);
  }
  throw new Error('It was never replaced');
}

/** The successor reads the photo. */
async function readOn(): Promise<void> {
  ScriptedWorker.current.ready({ backend: 'cpu' });
  await turn();
  ScriptedWorker.current.done(found(7));
}

describe.each(BACKENDS)('a worker on %s that falls silent', (backend) => {
  it('in a look is replaced, and the photo read on without that backend', async () => {
    const recognizer = createRecognizer(options);
    ScriptedWorker.current.ready({ backend });
    const given = (await recognizer).recognize(photo);
    await turn();
    ScriptedWorker.current.reply({ type: 'step', id: 0 });
    expect(await replaced()).toBeLessThan(15_000);
    expect(ScriptedWorker.current.choice?.backends).not.toContain(backend);
    await readOn();
    expect((await given).width).toBe(7);
  });

  it('as it is started is replaced', async () => {
    const recognizer = createRecognizer(options);
    ScriptedWorker.current.reply({ type: 'progress', progress: { loaded: 9, total: 9 } });
    ScriptedWorker.current.reply({ type: 'trying', backend });
    expect(await replaced()).toBeLessThan(MINUTE);
    expect(ScriptedWorker.current.choice?.backends).not.toContain(backend);
    ScriptedWorker.current.ready({ backend: 'cpu' });
    expect((await recognizer).runtime.backend).toBe('cpu');
  });

  it('as its device is lost is replaced at once, between photos too', async () => {
    const recognizer = createRecognizer(options);
    ScriptedWorker.current.ready({ backend });
    const loaded = await recognizer;
    const given = loaded.recognize(photo);
    await turn();
    ScriptedWorker.current.reply({ type: 'lost', backend, why: 'reset' });
    expect(await replaced()).toBeLessThan(1000);
    await readOn();
    await given;
    ScriptedWorker.current.reply({ type: 'lost', backend: 'cpu', why: 'gone' });
    const next = loaded.recognize(photo);
    await turn();
    expect(ScriptedWorker.current.choice?.backends).not.toContain(backend);
    await readOn();
    await next;
  });

  it('that was remembered as the best is forgotten', async () => {
    const first = await ready();
    const model = { backend, answer: { boxes: [], scores: [] }, complete: true };
    first.close();
    const key = 'recognizer https://site/page/model/manifest.json';
    const entry = { ...model, model: 'm', agent: browser.agent };
    browser.storage.set(key, JSON.stringify(entry));
    const recognizer = createRecognizer(options);
    expect(ScriptedWorker.current.choice?.backends[0]).toBe(backend);
    ScriptedWorker.current.reply({ type: 'trying', backend });
    await replaced();
    expect(browser.storage.has(key)).toBe(false);
    ScriptedWorker.current.ready({ backend: 'cpu' });
    await recognizer;
  });
});

describe('a watchdog', () => {
  it('waits for a device that needed long before', async () => {
    const recognizer = await ready({ backend: 'cpu' });
    recognizer.close();
    const patient = createRecognizer(options);
    ScriptedWorker.current.ready({ milliseconds: 4000 });
    const given = (await patient).recognize(photo);
    await turn();
    ScriptedWorker.current.reply({ type: 'step', id: 0 });
    await vi.advanceTimersByTimeAsync(70_000);
    expect(ScriptedWorker.current.terminated).toBe(false);
    ScriptedWorker.current.done(found(3));
    await given;
  });

  it('rests where nothing is to be done', async () => {
    await ready({ idleAfter: Infinity });
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(ScriptedWorker.all).toHaveLength(1);
    expect(ScriptedWorker.current.terminated).toBe(false);
  });

  it('hears that a worker gets on', async () => {
    const recognizer = await ready();
    const given = recognizer.recognize(photo);
    await turn();
    for (let look = 0; look < 20; look++) {
      ScriptedWorker.current.reply({ type: 'step', id: 0 });
      await vi.advanceTimersByTimeAsync(8000);
    }
    ScriptedWorker.current.done(found(4));
    expect((await given).width).toBe(4);
    expect(ScriptedWorker.all).toHaveLength(1);
  });

  it('blames no backend for a decoder: another worker tries once, on the same', async () => {
    const recognizer = await ready();
    const outcome = expect(recognizer.recognize(photo)).rejects.toThrow(
      /while the photo was decoded/,
    );
    await turn();
    await replaced();
    expect(ScriptedWorker.current.choice?.backends[0]).toBe('wasm');
    ScriptedWorker.current.ready();
    await vi.advanceTimersByTimeAsync(MINUTE);
    await outcome;
    expect(ScriptedWorker.all).toHaveLength(2);
  });

  it('leaves a backend that was asked for one more try, and then says so', async () => {
    const recognizer = await ready({ backend: 'webgl' });
    const given = recognizer.recognize(photo);
    const outcome = expect(given).rejects.toThrow(WorkerError);
    await turn();
    for (let tries = 0; tries < 2; tries++) {
      ScriptedWorker.current.ready({ backend: 'webgl' });
      await turn();
      ScriptedWorker.current.reply({ type: 'lost', backend: 'webgl', why: 'reset' });
      await turn();
    }
    await outcome;
    await expect(given).rejects.toThrow(/webgl was lost: reset/);
  });

  it('ends with an error where every backend fell silent', async () => {
    const recognizer = createRecognizer(options);
    const outcome = expect(recognizer).rejects.toThrow(WorkerError);
    for (const backend of ['wasm', 'webgl', 'cpu'] as const) {
      ScriptedWorker.current.reply({ type: 'trying', backend });
      await vi.advanceTimersByTimeAsync(MINUTE);
    }
    await outcome;
    expect(ScriptedWorker.all).toHaveLength(3);
  });
});
