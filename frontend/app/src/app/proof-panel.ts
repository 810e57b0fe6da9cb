import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { bytes } from './format';
import { RequestLog } from './request-log';
import { text } from './text';

/** Why a photo can't leave the device, and every request that was made. */
@Component({
  selector: 'app-proof-panel',
  templateUrl: './proof-panel.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ProofPanel {
  private readonly log = inject(RequestLog);
  protected readonly text = text.proof;
  protected readonly requests = computed(() =>
    this.log.entries().map(({ url, by, bytes: size }) => ({
      url,
      name: nameOf(url),
      by: text.proof[by],
      size: sizeOf(size),
    })),
  );
  protected readonly foreign = computed(
    () => this.requests().filter(({ url }) => new URL(url).origin !== location.origin).length,
  );
}

function sizeOf(count: number | undefined): string {
  if (count === undefined) return text.proof.unrecorded;
  return count > 0 ? bytes(count) : text.proof.stored;
}

function nameOf(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return origin === location.origin ? `${pathname}${search}` : url;
}
