/** What a recognizer does between photos: releases its worker, looks for a faster backend. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Finding } from '../src/page/choice';
import { createRecognizer } from '../src/page/client';
import {
  answer,
  begin,
  browser,
  end,
  found,
  options,
  photo,
  ready,
  ScriptedWorker,
  served,
  turn,
} from './scripted';

beforeEach(begin);
afterEach(end);

describe('a recognizer without work', () => {
  it('releases its worker, and starts another for the next photo', async () => {
    const recognizer = await ready({ idleAfter: 500, backend: 'wasm' });
    await vi.advanceTimersByTimeAsync(600);
    expect(ScriptedWorker.current.terminated).toBe(true);
    const given = recognizer.recognize(photo);
    await turn();
    expect(ScriptedWorker.all).toHaveLength(2);
    ScriptedWorker.current.ready();
    await turn();
    ScriptedWorker.current.done(found(7));
    expect((await given).width).toBe(7);
  });

  it('holds on to its worker where no other would find the model', async () => {
    const loading = createRecognizer({ ...options, idleAfter: 500 });
    ScriptedWorker.current.ready({}, false);
    await served(await loading);
    await vi.advanceTimersByTimeAsync(9000);
    expect(ScriptedWorker.all).toHaveLength(1);
    expect(ScriptedWorker.current.terminated).toBe(false);
  });

  it('tries other backends in workers of their own, and passes over one that gives wrong values', async () => {
    const recognizer = await ready({ idleAfter: 10_000 });
    await served(recognizer);
    expect(ScriptedWorker.current.choice).toMatchObject({
      backends: ['wasm'],
      software: false,
      expected: { answer },
    });
    ScriptedWorker.current.ready({ milliseconds: 20 });
    await turn();
    expect(ScriptedWorker.current.choice).toMatchObject({ backends: ['webgpu'] });
    const error = {
      code: 'model',
      message: 'The backend webgpu gives wrong values on this device',
    };
    ScriptedWorker.current.reply({ type: 'refused', error });
    await turn();
    expect(recognizer.runtime.backend).toBe('wasm');
    recognizer.close();
    const visit = createRecognizer(options);
    expect(ScriptedWorker.current.choice?.backends).toEqual(['wasm', 'webgl', 'cpu']);
    ScriptedWorker.current.ready();
    await visit;
  });

  it('remembers the best for the next visit, until the browser is another', async () => {
    vi.stubGlobal('OffscreenCanvas', vi.fn());
    await served(await ready({ idleAfter: 10_000 }));
    ScriptedWorker.current.ready({ milliseconds: 20 });
    await turn();
    ScriptedWorker.current.ready({ backend: 'webgpu', milliseconds: 18 });
    await turn();
    ScriptedWorker.current.ready({ backend: 'webgl', milliseconds: 5 });
    await turn();
    await ready();
    expect(ScriptedWorker.current.choice?.backends).toEqual(['webgl', 'wasm', 'cpu']);
    browser.agent = 'a newer browser';
    await ready();
    expect(ScriptedWorker.current.choice?.backends).toEqual(['wasm', 'webgl', 'cpu']);
  });

  it.each([
    [
      'is there again',
      () => {
        ScriptedWorker.current.ready({ milliseconds: 5 });
      },
      ['wasm'],
    ],
    [
      'is still missing',
      () => {
        const error = { code: 'download', message: 'the server says 503' };
        ScriptedWorker.current.reply({ type: 'refused', error });
      },
      [],
    ],
  ])(
    'never settles for JavaScript because wasm was missed once: it %s',
    async (_, answers, kept) => {
      const { locks, agent } = browser;
      vi.stubGlobal('navigator', { locks, userAgent: agent, onLine: true });
      const loading = createRecognizer({ ...options, idleAfter: 10_000 });
      ScriptedWorker.current.ready({ backend: 'cpu', milliseconds: 400 });
      await served(await loading);
      ScriptedWorker.current.ready({ backend: 'cpu', milliseconds: 400 });
      await turn();
      expect(ScriptedWorker.current.choice).toMatchObject({ backends: ['wasm'] });
      answers();
      await turn();
      expect(
        [...browser.storage.values()].map((entry) => (JSON.parse(entry) as Finding).backend),
      ).toEqual(kept);
    },
  );

  it.each([
    ['before the first answer', {}, false],
    ['without a network', { onLine: false }, true],
    ['for visitors who save data', { connection: { saveData: true } }, true],
  ])('looks for no other backend %s', async (_, own, serves) => {
    const { locks, agent } = browser;
    vi.stubGlobal('navigator', { locks, gpu: {}, userAgent: agent, onLine: true, ...own });
    const recognizer = await ready({ idleAfter: 10_000 });
    if (serves) await served(recognizer);
    else await vi.advanceTimersByTimeAsync(9000);
    expect(ScriptedWorker.all).toHaveLength(1);
  });

  it('looks for no other backend than the one that was asked for', async () => {
    await served(await ready({ backend: 'cpu', idleAfter: 10_000 }));
    expect(ScriptedWorker.current.choice).toMatchObject({ backends: ['cpu'], software: true });
    expect(ScriptedWorker.all).toHaveLength(1);
  });
});
