import { computed, Injectable, signal } from '@angular/core';
import type { Detection } from '@digitlens/recognizer';
import { keep, RefusedError } from './folder';
import { words } from './words';

/** Sends what changed to the task, in the order of the changes, the last of a photo only. */
@Injectable({ providedIn: 'root' })
export class Keeper {
  private readonly waiting = new Map<string, readonly Detection[] | null>();
  private readonly count = signal(0);
  private readonly said = signal<string | undefined>(undefined);
  private isSending = false;

  /** why what changed isn't kept */
  readonly trouble = this.said.asReadonly();
  readonly isSaved = computed(() => this.count() === 0);

  /** Keeps all that is on a photo; null: it wasn't looked at. */
  put(name: string, finds: readonly Detection[] | null): void {
    this.waiting.set(name, finds);
    void this.send();
  }

  /** Sends what waits, also after a failure. */
  async send(): Promise<void> {
    this.count.set(this.waiting.size);
    if (this.isSending) return;
    this.isSending = true;
    for (const [name, finds] of this.waiting) {
      try {
        await keep(name, finds);
        this.said.set(undefined);
      } catch (error) {
        this.said.set(reasonOf(error));
        break;
      }
      // It may have changed again meanwhile, and comes once more then.
      if (this.waiting.get(name) === finds) this.waiting.delete(name);
      this.count.set(this.waiting.size);
    }
    this.isSending = false;
    this.count.set(this.waiting.size);
    if (this.waiting.size > 0 && this.trouble() === undefined) await this.send();
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof RefusedError ? error.message : words.gone;
}
