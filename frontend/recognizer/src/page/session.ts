/** One worker with its model, from the page's side: it loads, does one task at a time, and may die. */
import type { Progress } from '../loading/download';
import { DownloadError, fromMessage, WorkerError, type RecognizerError } from '../errors';
import type { Loaded, Outcome, Reply, Request, Task } from '../protocol';

/** Milliseconds that a worker may go on with what was given up, before it is ended. */
const GRACE = 1000;

export class Session {
  loaded!: Loaded;
  private ended: RecognizerError | undefined;
  private readonly watch = new AbortController();
  private readonly worker: Worker;
  private fail: ((reason: RecognizerError) => void) | undefined;
  private settle: ((outcome: Outcome) => void) | undefined;
  private next = 0;
  /** some of the model has come, and not all */
  private isDownloading = false;

  private constructor(workerUrl: string | URL) {
    this.worker = new Worker(workerUrl, { type: 'module' });
    this.worker.onerror = ({ message }: Partial<ErrorEvent>) => {
      // A script that can't be fetched gives an event without a message.
      this.end(
        message
          ? new WorkerError(`The worker failed: ${message}`)
          : new DownloadError("The worker's script can't be fetched"),
      );
    };
  }

  /**
   * Starts a worker and has it load its model. If the signal says so in the midst of the download, the worker first keeps
   * what has come.
   *
   * @throws DownloadError, IntegrityError, ManifestError, ModelError, WorkerError
   */
  static async open(
    workerUrl: string | URL,
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
   * @throws WorkerError if the worker dies, or doesn't end soon after the signal says that it may
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
        this.send({ type: 'do', id, task });
        signal?.addEventListener('abort', cancel);
        if (signal?.aborted === true) cancel();
      });
    } finally {
      clearTimeout(grace);
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
      this.worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        switch (data.type) {
          case 'alive':
            void this.watchOver(data.lock);
            break;
          case 'progress':
            this.isDownloading =
              0 < data.progress.loaded && data.progress.loaded < data.progress.total;
            onProgress?.(data.progress);
            break;
          case 'refused':
            reject(fromMessage(data.error));
            break;
          case 'ready':
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

  private send(request: Request): void {
    this.worker.postMessage(request);
  }

  private end(reason: RecognizerError): void {
    if (this.ended) return;
    this.ended = reason;
    this.watch.abort();
    this.worker.terminate();
    this.fail?.(reason);
  }
}
