/** The page's side of the worker. */
import type { Progress } from './download';
import { DownloadError, fromMessage, WorkerError, type RecognizerError } from './errors';
import type { Manifest } from './manifest';
import type { Recognition, Reply, Request } from './protocol';

export interface RecognizerOptions {
  /** of the web model's manifest.json; its files lie beside it */
  modelUrl: string | URL;
  /** of the built worker (dist/assets.json names it); beside this module if not given */
  workerUrl?: string | URL;
  /** called as the model's bytes arrive */
  onProgress?: (progress: Progress) => void;
  /** ends loading; the promise rejects with the signal's reason */
  signal?: AbortSignal;
}

export interface RecognizeOptions {
  /** gives the photo up; the promise rejects at once with the signal's reason */
  signal?: AbortSignal;
  /** detections that score less are left out; the model's own threshold if not given */
  minScore?: number;
}

/** A loaded model in its worker. */
export interface Recognizer {
  readonly manifest: Manifest;
  /**
   * Finds the model's objects in a photo. Photos wait for each other in the order of the calls.
   *
   * @throws ImageError, ModelError, WorkerError, or the signal's reason
   */
  recognize(source: ImageBitmap | Blob, options?: RecognizeOptions): Promise<Recognition>;
  /** Ends the worker; what still waits rejects with a WorkerError. */
  close(): void;
}

/**
 * Loads a web model in a worker of its own, checks it and runs it once to warm up.
 *
 * @throws DownloadError, IntegrityError, ManifestError, ModelError, WorkerError, or the signal's reason
 */
export async function createRecognizer(options: RecognizerOptions): Promise<Recognizer> {
  const { modelUrl, signal, onProgress } = options;
  signal?.throwIfAborted();
  const workerUrl = options.workerUrl ?? new URL(WORKER_FILE, import.meta.url);
  const worker = new Worker(workerUrl, { type: 'module' });
  try {
    const manifest = await loaded(worker, new URL(modelUrl, document.baseURI).href, {
      onProgress,
      signal,
    });
    return new WorkerRecognizer(manifest, worker);
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

function loaded(
  worker: Worker,
  modelUrl: string,
  { onProgress, signal }: Pick<RecognizerOptions, 'onProgress' | 'signal'>,
): Promise<Manifest> {
  return withSignal(signal, (resolve, reject) => {
    worker.onerror = (event) => {
      reject(crashed(event));
    };
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.type === 'progress') onProgress?.(data.progress);
      if (data.type === 'refused') reject(fromMessage(data.error));
      if (data.type === 'ready') resolve(data.manifest);
    };
    send(worker, { type: 'load', modelUrl });
  });
}

interface Pending {
  resolve: (recognition: Recognition) => void;
  reject: (reason: unknown) => void;
  start: number;
}

class WorkerRecognizer implements Recognizer {
  private readonly pending = new Map<number, Pending>();
  private next = 0;
  private closed: RecognizerError | undefined;

  constructor(
    readonly manifest: Manifest,
    private readonly worker: Worker,
  ) {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      this.settle(data);
    };
    worker.onerror = (event) => {
      this.end(crashed(event));
    };
  }

  async recognize(
    source: ImageBitmap | Blob,
    { signal, minScore }: RecognizeOptions = {},
  ): Promise<Recognition> {
    if (this.closed) throw this.closed;
    const id = this.next++;
    try {
      return await withSignal<Recognition>(signal, (resolve, reject) => {
        this.pending.set(id, { resolve, reject, start: performance.now() });
        send(this.worker, { type: 'recognize', id, source, minScore });
      });
    } finally {
      // Still there: given up on this side, so the worker need not finish it.
      if (this.pending.delete(id)) send(this.worker, { type: 'cancel', id });
    }
  }

  close(): void {
    this.end(new WorkerError('The recognizer was closed'));
  }

  private settle(reply: Reply): void {
    if (reply.type !== 'recognized' && reply.type !== 'failed') return;
    const call = this.pending.get(reply.id);
    if (call === undefined) return;
    this.pending.delete(reply.id);
    if (reply.type === 'failed') {
      call.reject(fromMessage(reply.error));
      return;
    }
    const { recognition } = reply;
    const total = performance.now() - call.start;
    call.resolve({ ...recognition, timings: { ...recognition.timings, total } });
  }

  private end(reason: RecognizerError): void {
    if (this.closed) return;
    this.closed = reason;
    this.worker.terminate();
    const calls = [...this.pending.values()];
    this.pending.clear();
    for (const call of calls) call.reject(reason);
  }
}

function send(worker: Worker, request: Request): void {
  worker.postMessage(request);
}

function crashed({ message }: Partial<ErrorEvent>): RecognizerError {
  // A script that can't be fetched gives an event without a message.
  return message
    ? new WorkerError(`The worker failed: ${message}`)
    : new DownloadError("The worker's script can't be fetched");
}

/** A promise that rejects with the signal's reason as soon as the signal says so. */
async function withSignal<T>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void,
): Promise<T> {
  signal?.throwIfAborted();
  let stop: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      stop = () => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', stop);
      start(resolve, reject);
    });
  } finally {
    if (stop) signal?.removeEventListener('abort', stop);
  }
}
