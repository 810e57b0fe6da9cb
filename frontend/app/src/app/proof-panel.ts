import { ChangeDetectionStrategy, Component, computed, DestroyRef, inject, signal } from '@angular/core';
import { bytes } from './format';
import { isRequest, watchRequests, type RequestEntry } from './request-log';
import { text } from './text';

/** Why a photo can't leave the device, and every request that was made. */
@Component({
  selector: 'app-proof-panel',
  templateUrl: './proof-panel.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ProofPanel {
  protected readonly text = text.proof;
  private readonly entries = signal<RequestEntry[]>([]);
  protected readonly requests = computed(() =>
    this.entries()
      .filter(isRequest)
      .map(({ url, by, bytes: size }) => ({
        url,
        name: nameOf(url),
        by: text.proof[by],
        size: size > 0 ? bytes(size) : text.proof.stored,
      })),
  );
  protected readonly foreign = computed(
    () => this.requests().filter(({ url }) => new URL(url).origin !== location.origin).length,
  );

  constructor() {
    const end = watchRequests((seen) => {
      this.entries.update((entries) => [...entries, ...seen]);
    });
    inject(DestroyRef).onDestroy(end);
  }
}

function nameOf(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return origin === location.origin ? `${pathname}${search}` : url;
}
