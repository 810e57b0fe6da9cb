/** Notices a worker that lives and doesn't answer: a lost graphics processor, a driver that stalls, a frozen thread. */
import type { Backend, Runtime } from '../api';
import { WorkerError } from '../errors';
import type { Progress } from '../loading/download';
import type { Task } from '../protocol';

/** Milliseconds until the worker's script runs and the model has come: fetching has limits of its own. */
const COMING = 120_000;
/** Milliseconds to start a backend and build the graph, and for each kilobyte of the model. */
const OPENING = 30_000;
const OPENING_EACH = 1;
/** Milliseconds to decode a photo, and for each kilobyte of its file. */
const DECODING = 20_000;
const DECODING_EACH = 1;
/** Milliseconds of a look: so many times the slowest that this device needed before, and at least these. */
const LOOKING_TIMES = 20;
const LOOKING = 10_000;
/** So many at a time: while the page itself sleeps, none of them pass. */
const SLICE = 500;

/** The worker gives no sign, or its graphics processor was taken away. */
export class Silence extends WorkerError {
  /** @param backend that may be the reason */
  constructor(
    message: string,
    readonly backend: Backend | undefined,
  ) {
    super(message);
  }
}

export class Watchdog {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private suspect: Backend | undefined;
  /** milliseconds of the slowest look so far */
  private slowest = 0;
  private lookedAt = 0;
  private modelBytes = 0;

  /** @param bark called when nothing was heard for too long */
  constructor(private readonly bark: (silence: Silence) => void) {}

  /** The worker was started. */
  begin(): void {
    this.wait(COMING);
  }

  /** So much of the model has come. */
  downloaded({ loaded, total }: Progress): void {
    this.modelBytes = total;
    this.wait(loaded < total ? COMING : this.opening);
  }

  /** A backend is about to be started, or one more run of it is. */
  trying(backend: Backend): void {
    this.suspect = backend;
    this.wait(this.opening);
  }

  /** The model is ready. */
  opened({ backend, milliseconds }: Runtime): void {
    this.suspect = backend;
    this.slowest = milliseconds;
    this.rest();
  }

  /** A task was given. */
  given(task: Task): void {
    this.lookedAt = 0;
    const bytes = task.type === 'recognize' && task.source instanceof Blob ? task.source.size : 0;
    this.wait(DECODING + (bytes / 1000) * DECODING_EACH, true);
  }

  /** A part of the task is done: the decoding, or a look. */
  stepped(): void {
    const now = performance.now();
    if (this.lookedAt > 0) this.slowest = Math.max(this.slowest, now - this.lookedAt);
    this.lookedAt = now;
    this.wait(Math.max(LOOKING, this.slowest * LOOKING_TIMES));
  }

  /** The browser took the backend's graphics processor away. */
  lost(backend: Backend, why: string): void {
    if (backend === this.suspect) this.bark(new Silence(`${backend} was lost: ${why}`, backend));
  }

  /** Nothing is waited for. */
  rest(): void {
    clearTimeout(this.timer);
  }

  private get opening(): number {
    return OPENING + (this.modelBytes / 1000) * OPENING_EACH;
  }

  /** @param isDecoding what no backend is the reason of */
  private wait(milliseconds: number, isDecoding = false, left = milliseconds): void {
    this.rest();
    this.timer = setTimeout(() => {
      if (left > SLICE) {
        this.wait(milliseconds, isDecoding, left - SLICE);
        return;
      }
      const seconds = String(Math.round(milliseconds / 1000));
      const what = isDecoding ? 'while the photo was decoded' : `on ${this.suspect ?? 'its way'}`;
      const message = `The worker gave no sign for ${seconds} s ${what}`;
      this.bark(new Silence(message, isDecoding ? undefined : this.suspect));
    }, SLICE);
  }
}
