/** The page's side: a queue of photos in front of a worker that may be replaced. */
import type {
  Benchmark,
  PhotoSource,
  Recognition,
  RecognizeOptions,
  Recognizer,
  RecognizerOptions,
  Runtime,
} from '../api';
import { fromMessage, WorkerError, type RecognizerError } from '../errors';
import type { Progress } from '../loading/download';
import type { Manifest } from '../model/manifest';
import type { Choice, Outcome, Task } from '../protocol';
import { Backends } from './backends';
import { besideThis } from './beside';
import { absolute, BENCHMARK, check, CREATE, RECOGNIZE } from '../options';
import { Session } from './session';
import { requireWorkers } from './start';
import { sendable } from './source';
import { Silence } from './watchdog';

const IDLE_AFTER = 60_000;
/** Milliseconds after an answer without more work, after which faster backends are looked for. */
const SEARCH_AFTER = 3000;
const BENCHMARK_RUNS = 10;
/** Inferences that are timed to compare two backends. */
const COMPARED_RUNS = 4;

/**
 * Loads a web model in a worker of its own, checks it and runs it once to warm up.
 *
 * @throws RequestError, DownloadError, IntegrityError, ManifestError, ModelError, WorkerError, or the signal's reason
 */
export async function createRecognizer(options: RecognizerOptions): Promise<Recognizer> {
  check('createRecognizer', options, CREATE);
  requireWorkers();
  const { signal, onProgress, ...settings } = options;
  signal?.throwIfAborted();
  const modelUrl = absolute('modelUrl', options.modelUrl);
  const own =
    options.workerUrl === undefined
      ? besideThis()
      : { workerUrl: absolute('workerUrl', options.workerUrl), wasm: undefined };
  const recognizer = new QueuedRecognizer({ ...settings, modelUrl, ...own });
  await recognizer.start({ ...(onProgress && { onProgress }), ...(signal && { signal }) });
  return recognizer;
}

/** A call of the page's that waits. */
interface Job {
  task: Task;
  signal: AbortSignal;
  resolve: (outcome: Outcome) => void;
  reject: (reason: unknown) => void;
  /** the page has its result or its error */
  isSettled: boolean;
}

interface Settings extends Omit<RecognizerOptions, 'signal' | 'onProgress'> {
  modelUrl: string;
  workerUrl: string;
  wasm: Choice['wasm'];
}

class QueuedRecognizer implements Recognizer {
  private readonly queue: Job[] = [];
  private active: Job | undefined;
  private session: Session | undefined;
  private known: { manifest: Manifest; runtime: Runtime } | undefined;
  private readonly backends: Backends;
  private closed: RecognizerError | undefined;
  /** the visitor has seen an answer: what is downloaded from now on keeps nobody waiting */
  private hasServed = false;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private search: { timer: ReturnType<typeof setTimeout>; stop: AbortController } | undefined;

  constructor(private readonly settings: Settings) {
    this.backends = new Backends(settings.modelUrl, settings.backend);
  }

  /** Loads the model for the first time; once more if the worker dies meanwhile, on another backend if one is silent. */
  async start(options: {
    onProgress?: (progress: Progress) => void;
    signal?: AbortSignal;
  }): Promise<void> {
    await this.persistently(() => this.open(options));
    this.rest();
  }

  get manifest(): Manifest {
    return this.loaded.manifest;
  }

  get runtime(): Runtime {
    return this.loaded.runtime;
  }

  async recognize(photo: PhotoSource, options: RecognizeOptions = {}): Promise<Recognition> {
    check('recognize', options, RECOGNIZE);
    const { signal, ...wishes } = options;
    const start = performance.now();
    if (this.closed) throw this.closed;
    signal?.throwIfAborted();
    const given = sendable(photo, signal);
    const { source, release } = given instanceof Promise ? await given : given;
    try {
      const outcome = await this.outcomeOf({ type: 'recognize', source, ...wishes }, signal);
      if (outcome.type !== 'recognized') throw failureOf(outcome);
      const { recognition } = outcome;
      const total = performance.now() - start;
      return { ...recognition, timings: { ...recognition.timings, total } };
    } finally {
      release();
    }
  }

  async benchmark(options: { runs?: number; signal?: AbortSignal } = {}): Promise<Benchmark> {
    check('benchmark', options, BENCHMARK);
    const { runs = BENCHMARK_RUNS, signal } = options;
    const outcome = await this.outcomeOf({ type: 'benchmark', runs }, signal);
    if (outcome.type !== 'measured') throw failureOf(outcome);
    const { runs: measured, memory } = outcome;
    return { ...this.runtime, milliseconds: Math.min(...measured), runs: measured, memory };
  }

  close(): void {
    if (this.closed) return;
    this.closed = new WorkerError('The recognizer was closed');
    this.unrest();
    this.session?.close();
    const jobs = [...(this.active ? [this.active] : []), ...this.queue.splice(0)];
    for (const job of jobs) job.reject(this.closed);
  }

  private get loaded(): { manifest: Manifest; runtime: Runtime } {
    if (this.known === undefined) throw new WorkerError('No model was loaded');
    return this.known;
  }

  /** Queues a task; rejects at once if the signal says so, whatever the worker does. */
  private async outcomeOf(task: Task, signal: AbortSignal | undefined): Promise<Outcome> {
    if (this.closed) throw this.closed;
    signal?.throwIfAborted();
    const abort = new AbortController();
    let stop: (() => void) | undefined;
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        const job: Job = { task, signal: abort.signal, resolve, reject, isSettled: false };
        stop = () => {
          job.isSettled = true;
          abort.abort();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', stop);
        this.queue.push(job);
        if (this.active === undefined) void this.work();
      });
    } finally {
      if (stop) signal?.removeEventListener('abort', stop);
    }
  }

  private async work(): Promise<void> {
    this.unrest();
    for (let job = this.queue.shift(); job; job = this.queue.shift()) {
      this.active = job;
      if (!job.isSettled) await this.perform(job);
    }
    this.active = undefined;
    this.hasServed = true;
    this.rest();
  }

  /** A worker that dies or falls silent gets a successor, and the job once more. */
  private async perform(job: Job): Promise<void> {
    try {
      await this.persistently(async () => {
        const session = this.session?.isAlive === true ? this.session : await this.open();
        // Given up while the worker started.
        if (job.signal.aborted) return;
        job.resolve(await session.perform(job.task, job.signal));
      }, job);
    } catch (error) {
      job.reject(error);
    }
  }

  /** Has work done by one worker after another: each backend may fall silent, and beyond that, one worker may die. */
  private async persistently(work: () => Promise<unknown>, job?: Job): Promise<void> {
    for (let mayDie = true; job?.isSettled !== true;) {
      if (this.closed) throw this.closed;
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof WorkerError)) throw error;
        const isOther =
          error instanceof Silence ? this.backends.distrust(error.backend) : undefined;
        if (isOther === true) continue;
        if (isOther === false || !mayDie) throw error;
        mayDie = false;
      }
    }
  }

  private async open(
    options: { onProgress?: (progress: Progress) => void; signal?: AbortSignal } = {},
  ): Promise<Session> {
    const session = await this.opened({ ...this.backends.choice, runs: 1 }, options);
    if (this.closed) {
      session.close();
      throw this.closed;
    }
    const { manifest, runtime } = session.loaded;
    this.session = session;
    this.known = { manifest, runtime };
    this.backends.opened(session.loaded);
    return session;
  }

  private opened(
    wanted: Omit<Choice, 'threads' | 'wasm'>,
    options: { onProgress?: (progress: Progress) => void; signal?: AbortSignal },
  ): Promise<Session> {
    const { modelUrl, modelSha256: sha256, workerUrl, threads, wasm } = this.settings;
    const choice: Choice = { ...wanted, threads, wasm };
    const manifest = this.known?.manifest;
    const request = { type: 'load', modelUrl, sha256, manifest, choice } as const;
    return Session.open(workerUrl, request, options);
  }

  /** Nothing to do: the worker is released after a while, and before that, a faster backend is looked for. */
  private rest(): void {
    if (this.closed) return;
    // No other worker would find the model without a network.
    if (this.session?.loaded.isKept === false) return;
    const { idleAfter = IDLE_AFTER } = this.settings;
    if (idleAfter < Infinity) this.idle = setTimeout(() => this.session?.close(), idleAfter);
    if (this.backends.isKnown || !this.hasServed) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      void this.compare(stop.signal);
    }, SEARCH_AFTER);
    this.search = { timer, stop };
  }

  private unrest(): void {
    clearTimeout(this.idle);
    clearTimeout(this.search?.timer);
    this.search?.stop.abort();
    this.search = undefined;
  }

  /**
   * Has the backends measured that may be faster, each in a worker of its own that ends afterwards. Work that comes in ends
   * the search until there is none again.
   */
  private async compare(signal: AbortSignal): Promise<void> {
    if (this.session?.isAlive !== true) return;
    const { onLine, connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
    if (!onLine || connection?.saveData === true) return;
    await this.backends.search(
      this.runtime.backend,
      async (wanted) => {
        const other = await this.opened({ ...wanted, runs: COMPARED_RUNS }, { signal });
        other.close();
        return other.loaded.runtime;
      },
      signal,
    );
  }
}

function failureOf(outcome: Outcome): RecognizerError {
  return outcome.type === 'failed'
    ? fromMessage(outcome.error)
    : new WorkerError(`The worker answered ${outcome.type}`);
}
