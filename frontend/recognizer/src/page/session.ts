/** One worker with its model, from the page's side: it loads, does one task at a time, and may die or fall silent. */
import { fromMessage, WorkerError, type RecognizerError } from '../errors';
import type { Progress } from '../loading/download';
import type { Loaded, Outcome, Reply, Request, Task } from '../protocol';
import { unsent } from './source';
import { missing, startWorker, type Started } from './start';
import { Watchdog } from './watchdog';

/** Milliseconds that a worker may go on with what was given up, before it is ended. */
const GRACE = 1000;

export class Session {
  loaded!: Loaded;
  private ended: RecognizerError | undefined;
  private readonly watch = new AbortController();
  private readonly started: Started;
  private readonly watchdog = new Watchdog((silence) => {
    this.end(silence);
  });
  private fail: ((reason: unknown) => void) | undefined;
  private settle: ((outcome: Outcome) => void) | undefined;
  private next = 0;
  /** some of the model has come, and not all */
  private isDownloading = false;

  private constructor(workerUrl: string) {
    this.started = startWorker(workerUrl);
    this.started.worker.onerror = ({ message }: Partial<ErrorEvent>) => {
      // A script that can't be fetched gives an event without a message.
      this.end(message ? new WorkerError(`The worker failed: ${message}`) : missing(workerUrl));
    };
    this.watchdog.begin();
  }

  /**
   * Starts a worker and has it load its model. If the signal says so in the midst of the download, the worker first keeps
   * what has come.
   *
   * @param workerUrl whole address
   * @throws DownloadError, IntegrityError, ManifestError, ModelError, WorkerError; Silence if it doesn't answer
   */
  static async open(
    workerUrl: string,
    request: Request & { type: 'load' },
    { onProgress, signal }: { onProgress?: (progress: Progress) => void; signal?: AbortSignal },
  ): Promise<Session> {
    const session = new Session(workerUrl);
    let grace: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => {
      if (session.isDownloading) grace = session.giveUp({ type: 'leave' });
      else session.close();
    };
    signal?.addEventListener('abort', stop);
    try {
      session.loaded = await session.load(request, onProgress);
      signal?.throwIfAborted();
      return session;
    } catch (error) {
      session.close();
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(grace);
      signal?.removeEventListener('abort', stop);
    }
  }

  get isAlive(): boolean {
    return this.ended === undefined;
  }

  /**
   * What came of a task. One task at a time: the next may be given when this one has settled.
   *
   * @throws WorkerError if the worker dies, or doesn't end soon after the signal says that it may; Silence if it doesn't
   *   answer; ImageError if the photo can't be sent
   */
  async perform(task: Task, signal?: AbortSignal): Promise<Outcome> {
    if (this.ended) throw this.ended;
    const id = this.next++;
    let grace: ReturnType<typeof setTimeout> | undefined;
    const cancel = (): void => {
      grace = this.giveUp({ type: 'cancel', id });
    };
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        this.settle = resolve;
        this.fail = reject;
        this.give(id, task);
        signal?.addEventListener('abort', cancel);
        if (signal?.aborted === true) cancel();
      });
    } finally {
      clearTimeout(grace);
      this.watchdog.rest();
      signal?.removeEventListener('abort', cancel);
      this.settle = this.fail = undefined;
    }
  }

  close(): void {
    this.end(new WorkerError('The worker was ended'));
  }

  private load(
    request: Request & { type: 'load' },
    onProgress?: (progress: Progress) => void,
  ): Promise<Loaded> {
    return new Promise((resolve, reject) => {
      this.fail = reject;
      this.started.worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        switch (data.type) {
          case 'alive':
            void this.watchOver(data.lock);
            break;
          case 'progress':
            this.isDownloading =
              0 < data.progress.loaded && data.progress.loaded < data.progress.total;
            this.watchdog.downloaded(data.progress);
            onProgress?.(data.progress);
            break;
          case 'trying':
            this.watchdog.trying(data.backend);
            break;
          case 'lost':
            this.watchdog.lost(data.backend, data.why);
            break;
          case 'step':
            this.watchdog.stepped();
            break;
          case 'refused':
            reject(fromMessage(data.error));
            break;
          case 'ready':
            this.watchdog.opened(data.runtime);
            resolve(data);
            break;
          case 'done':
            this.settle?.(data.outcome);
        }
      };
      this.send(request);
    });
  }

  /** The worker holds the lock as long as it lives. */
  private async watchOver(lock: string): Promise<void> {
    try {
      await navigator.locks.request(lock, { signal: this.watch.signal }, () => undefined);
    } catch {
      return;
    }
    this.end(new WorkerError('The worker died'));
  }

  /** Tells the worker, and ends it if the timer that is returned isn't cleared. */
  private giveUp(request: Request): ReturnType<typeof setTimeout> {
    this.send(request);
    return setTimeout(() => {
      this.end(new WorkerError('The worker went on with what was given up'));
    }, GRACE);
  }

  private give(id: number, task: Task): void {
    try {
      this.send({ type: 'do', id, task });
    } catch (error) {
      throw unsent(error);
    }
    this.watchdog.given(task);
  }

  private send(request: Request): void {
    this.started.worker.postMessage(request);
  }

  private end(reason: RecognizerError): void {
    if (this.ended) return;
    this.ended = reason;
    this.watch.abort();
    this.watchdog.rest();
    this.started.worker.terminate();
    this.started.release();
    this.fail?.(reason);
  }
}
