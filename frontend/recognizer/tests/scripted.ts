/** A browser whose workers answer what the test gives, and a recognizer in it. */
import { vi } from 'vitest';
import type { Recognizer, RecognizerOptions, Runtime } from '../src/api';
import { createRecognizer } from '../src/page/client';
import type { Outcome, Reply, Request } from '../src/protocol';
import { tinyFiles, tinyManifest } from './tiny_model';

export const manifest = tinyManifest(tinyFiles());
export const runtime: Runtime = { backend: 'wasm', threads: 1, milliseconds: 10 };
export const answer = { boxes: [1], scores: [0.5] };

export class ScriptedWorker {
  static all: ScriptedWorker[] = [];
  readonly requests: Request[] = [];
  terminated = false;
  onmessage: ((event: { data: Reply }) => void) | undefined;
  onerror: ((event: { message?: string }) => void) | undefined;

  static get current(): ScriptedWorker {
    const worker = ScriptedWorker.all.at(-1);
    if (worker === undefined) throw new Error('There is no worker');
    return worker;
  }

  constructor(
    readonly url: string | URL,
    readonly options: WorkerOptions,
  ) {
    ScriptedWorker.all.push(this);
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

  ready(own: Partial<Runtime> = {}, isKept = true): void {
    this.reply({ type: 'ready', manifest, runtime: { ...runtime, ...own }, answer, isKept });
  }

  /** Settles the task that was given last. */
  done(outcome: Outcome): void {
    const given = this.given.at(-1);
    if (given === undefined) throw new Error('There is no task');
    this.reply({ type: 'done', id: given.id, outcome });
  }

  get given(): (Request & { type: 'do' })[] {
    return this.requests.filter((request) => request.type === 'do');
  }

  get choice() {
    const [load] = this.requests;
    return load.type === 'load' ? load.choice : undefined;
  }
}

/** Locks that are free at once when `release` is called: the death of who held them. */
class ScriptedLocks {
  private readonly waiting = new Map<string, () => void>();

  request(name: string, { signal }: LockOptions, granted: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.set(name, () => {
        granted();
        resolve();
      });
      signal?.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  }

  release(name: string): void {
    this.waiting.get(name)?.();
  }
}

/** The browser of the present test. */
export const browser = {
  locks: new ScriptedLocks(),
  storage: new Map<string, string>(),
  agent: '',
};

/** Before each test: a new browser, and time that stands still. */
export function begin(): void {
  vi.useFakeTimers();
  ScriptedWorker.all = [];
  Object.assign(browser, { locks: new ScriptedLocks(), storage: new Map(), agent: 'a browser' });
  const { locks, storage } = browser;
  vi.stubGlobal('Worker', ScriptedWorker);
  vi.stubGlobal('document', { baseURI: 'https://site/page/' });
  vi.stubGlobal('location', { origin: 'https://site' });
  vi.stubGlobal('navigator', {
    locks,
    gpu: {},
    onLine: true,
    get userAgent() {
      return browser.agent;
    },
  });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  });
}

/** After each test. */
export function end(): void {
  vi.unstubAllGlobals();
  vi.useRealTimers();
}

export const options = { modelUrl: 'model/manifest.json', workerUrl: 'https://site/worker.js' };

export async function ready(more: Partial<RecognizerOptions> = {}): Promise<Recognizer> {
  const recognizer = createRecognizer({ ...options, ...more });
  ScriptedWorker.current.ready();
  return recognizer;
}

export function found(width: number): Outcome {
  const timings = { decode: 1, letterbox: 2, inference: 3, recognition: 4 };
  const list = { detections: [], numbers: [] };
  const recognition = {
    width,
    height: 9,
    ...list,
    looks: 1,
    small: false,
    incomplete: false,
    timings,
  };
  return { type: 'recognized', recognition };
}

/** Has a photo read, and waits until faster backends are looked for. */
export async function served(recognizer: Recognizer): Promise<void> {
  const given = recognizer.recognize(photo);
  await turn();
  ScriptedWorker.current.done(found(1));
  await given;
  await vi.advanceTimersByTimeAsync(3100);
}

export const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
export const photo = new Blob(['photo']);
