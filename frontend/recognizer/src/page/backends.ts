/** Which backends a recognizer uses: what was found on this device, what fell silent, and the search for a faster one. */
import type { Backend, Runtime } from '../api';
import { DownloadError } from '../errors';
import { modelKey } from '../model/answer';
import type { Choice, Loaded } from '../protocol';
import { challengers, forget, isFaster, order, remember, remembered, type Finding } from './choice';

export class Backends {
  private finding: Finding | undefined;
  /** those that stopped answering: none of them is tried again */
  private readonly silent = new Set<Backend>();

  constructor(
    private readonly modelUrl: string,
    private readonly forced: Backend | undefined,
  ) {
    this.finding = remembered(modelUrl);
  }

  /** What to try next, in this order. */
  get choice(): Pick<Choice, 'backends' | 'software' | 'expected'> {
    return { ...this.wanted(this.left), expected: this.finding };
  }

  /** Whether looking for a faster one could find something. */
  get isKnown(): boolean {
    return this.forced !== undefined || this.finding?.complete === true;
  }

  /** A model was loaded. */
  opened({ manifest, runtime, answer }: Loaded): void {
    const model = modelKey(manifest);
    // Of another model: what was found then need not hold.
    if (this.finding?.model === model) return;
    this.finding = { backend: runtime.backend, model, answer, complete: false };
  }

  /** Leaves out a backend that stopped answering; says whether another is left to try, or nothing if there is no choice. */
  distrust(backend: Backend | undefined): boolean | undefined {
    if (backend === undefined || this.forced !== undefined) return undefined;
    this.silent.add(backend);
    if (this.finding?.backend === backend) {
      this.finding = undefined;
      forget(this.modelUrl);
    }
    if (this.left.length > 0) return true;
    // Then it wasn't them: the next photo begins with all of them again.
    this.silent.clear();
    return false;
  }

  /**
   * Tries those that may be faster than the present one, and remembers the best for the next worker, and for the next visit
   * if none was missed.
   *
   * @param measured loads the model on one backend, for a measurement
   */
  async search(
    present: Backend,
    measured: (choice: Pick<Choice, 'backends' | 'software' | 'expected'>) => Promise<Runtime>,
    signal: AbortSignal,
  ): Promise<void> {
    const { finding } = this;
    if (finding === undefined) return;
    let best: Runtime | undefined;
    let isMissed = this.silent.size > 0;
    const others = challengers(present).filter((backend) => !this.silent.has(backend));
    for (const backend of [present, ...others]) {
      try {
        const runtime = await measured({ ...this.wanted([backend]), expected: finding });
        if (best === undefined || isFaster(runtime, best)) best = runtime;
      } catch (error) {
        if (signal.aborted) return;
        // Else this device doesn't have it, or has one that gives wrong values or no answer.
        isMissed ||= error instanceof DownloadError;
      }
    }
    this.finding = { ...finding, backend: best?.backend ?? present, complete: true };
    if (!isMissed) remember(this.modelUrl, this.finding);
  }

  private get left(): Backend[] {
    return order(this.forced, this.finding).filter((backend) => !this.silent.has(backend));
  }

  /** A backend that was asked for may also be one that only imitates a graphics processor. */
  private wanted(backends: Backend[]): Pick<Choice, 'backends' | 'software'> {
    return { backends, software: this.forced !== undefined };
  }
}
