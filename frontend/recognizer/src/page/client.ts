/** The page's side: a queue of photos in front of a worker that may be replaced. */
import { modelKey } from '../model/answer';
import type {
  Benchmark,
  Recognition,
  RecognizeOptions,
  Recognizer,
  RecognizerOptions,
  Runtime,
} from '../api';
import { challengers, isFaster, order, remember, remembered, type Finding } from './choice';
import type { Progress } from '../loading/download';
import { DownloadError, fromMessage, WorkerError, type RecognizerError } from '../errors';
import type { Manifest } from '../model/manifest';
import type { Choice, Outcome, Task } from '../protocol';
import { Session } from './session';

const IDLE_AFTER = 60_000;
/** Milliseconds after an answer without more work, after which faster backends are looked for. */
const SEARCH_AFTER = 3000;
const BENCHMARK_RUNS = 10;
/** Inferences that are timed to compare two backends. */
const COMPARED_RUNS = 4;

/**
 * Loads a web model in a worker of its own, checks it and runs it once to warm up.
 *
 * @throws DownloadError, IntegrityError, ManifestError, ModelError, WorkerError, or the signal's reason
 */
export async function createRecognizer(options: RecognizerOptions): Promise<Recognizer> {
  const { signal, onProgress, ...settings } = options;
  signal?.throwIfAborted();
  const modelUrl = new URL(options.modelUrl, document.baseURI).href;
  const workerUrl = options.workerUrl ?? new URL(WORKER_FILE, import.meta.url);
  const recognizer = new QueuedRecognizer({ ...settings, modelUrl, workerUrl });
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
  workerUrl: string | URL;
}

class QueuedRecognizer implements Recognizer {
  private readonly queue: Job[] = [];
  private active: Job | undefined;
  private session: Session | undefined;
  private known: { manifest: Manifest; runtime: Runtime } | undefined;
  private finding: Finding | undefined;
  private closed: RecognizerError | undefined;
  /** the visitor has seen an answer: what is downloaded from now on keeps nobody waiting */
  private hasServed = false;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private search: { timer: ReturnType<typeof setTimeout>; stop: AbortController } | undefined;

  constructor(private readonly settings: Settings) {
    this.finding = remembered(settings.modelUrl);
  }

  /** Loads the model for the first time; once more if the worker dies meanwhile. */
  async start(options: {
    onProgress?: (progress: Progress) => void;
    signal?: AbortSignal;
  }): Promise<void> {
    try {
      await this.open(options);
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      await this.open(options);
    }
    this.rest();
  }

  get manifest(): Manifest {
    return this.loaded.manifest;
  }

  get runtime(): Runtime {
    return this.loaded.runtime;
  }

  async recognize(
    source: ImageBitmap | Blob,
    { signal, ...options }: RecognizeOptions = {},
  ): Promise<Recognition> {
    const start = performance.now();
    const outcome = await this.outcomeOf({ type: 'recognize', source, ...options }, signal);
    if (outcome.type !== 'recognized') throw failureOf(outcome);
    const { recognition } = outcome;
    const total = performance.now() - start;
    return { ...recognition, timings: { ...recognition.timings, total } };
  }

  async benchmark({
    runs = BENCHMARK_RUNS,
    signal,
  }: { runs?: number; signal?: AbortSignal } = {}): Promise<Benchmark> {
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

  /** A worker that dies gets a successor, and the job once more. */
  private async perform(job: Job): Promise<void> {
    for (let isRetry = false; !job.isSettled && this.closed === undefined; isRetry = true) {
      try {
        const session = this.session?.isAlive === true ? this.session : await this.open();
        // Given up while the worker started.
        if (job.signal.aborted) return;
        job.resolve(await session.perform(job.task, job.signal));
        return;
      } catch (error) {
        if (isRetry || !(error instanceof WorkerError)) {
          job.reject(error);
          return;
        }
      }
    }
  }

  private async open(
    options: { onProgress?: (progress: Progress) => void; signal?: AbortSignal } = {},
  ): Promise<Session> {
    const session = await this.opened(order(this.settings.backend, this.finding), 1, options);
    if (this.closed) {
      session.close();
      throw this.closed;
    }
    const { manifest, runtime, answer } = session.loaded;
    this.session = session;
    this.known = { manifest, runtime };
    const model = modelKey(manifest);
    // Of another model: what was found then need not hold.
    if (this.finding?.model !== model) {
      this.finding = { backend: runtime.backend, model, answer, complete: false };
    }
    return session;
  }

  private opened(
    backends: Choice['backends'],
    runs: number,
    options: { onProgress?: (progress: Progress) => void; signal?: AbortSignal },
  ): Promise<Session> {
    const { modelUrl, modelSha256: sha256, workerUrl, backend, threads } = this.settings;
    const choice: Choice = {
      backends,
      software: backend !== undefined,
      threads,
      expected: this.finding,
      runs,
    };
    const manifest = this.known?.manifest;
    const request = { type: 'load', modelUrl, sha256, manifest, choice } as const;
    return Session.open(workerUrl, request, options);
  }

  /** Nothing to do: the worker is released after a while, and before that, a faster backend is looked for. */
  private rest(): void {
    if (this.closed) return;
    // No other worker would find the model without a network.
    if (this.session?.loaded.isKept === false) return;
    this.idle = setTimeout(() => {
      this.session?.close();
    }, this.settings.idleAfter ?? IDLE_AFTER);
    const isKnown = this.settings.backend !== undefined || this.finding?.complete === true;
    if (isKnown || !this.hasServed) return;
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
   * Tries the backends that may be faster, each in a worker of its own that ends afterwards, and remembers the best for the
   * next worker, and for the next visit if none was missed. Work that comes in ends the search until there is none again.
   */
  private async compare(signal: AbortSignal): Promise<void> {
    const { finding, session } = this;
    if (!finding || session?.isAlive !== true) return;
    const { onLine, connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
    if (!onLine || connection?.saveData === true) return;
    const present = this.runtime.backend;
    let best: Runtime | undefined;
    let isMissed = false;
    for (const backend of [present, ...challengers(present)]) {
      try {
        const other = await this.opened([backend], COMPARED_RUNS, { signal });
        const { runtime } = other.loaded;
        other.close();
        if (best === undefined || isFaster(runtime, best)) best = runtime;
      } catch (error) {
        if (signal.aborted) return;
        // Else this device doesn't have it, or has one that gives wrong values.
        isMissed ||= error instanceof DownloadError;
      }
    }
    this.finding = { ...finding, backend: best?.backend ?? present, complete: true };
    if (!isMissed) remember(this.settings.modelUrl, this.finding);
  }
}

function failureOf(outcome: Outcome): RecognizerError {
  return outcome.type === 'failed'
    ? fromMessage(outcome.error)
    : new WorkerError(`The worker answered ${outcome.type}`);
}
