import { DestroyRef, effect, inject, Injectable, signal } from '@angular/core';
import { attempt } from './attempt';
import { Reader } from './reader';
import { RequestLog } from './request-log';

/** Milliseconds of quiet before anything is fetched that this visit doesn't need. */
const QUIET = 3000;
/** Milliseconds after which a page that stays open asks again. */
const AGAIN = 3_600_000;

/** Keeps the page's files for visits without a network; says when a newer release is there, and installs it when asked. */
@Injectable({ providedIn: 'root' })
export class Release {
  private readonly reader = inject(Reader);
  private readonly log = inject(RequestLog);
  private readonly container = attempt(() =>
    'serviceWorker' in navigator ? navigator.serviceWorker : undefined,
  );
  private waiting: ServiceWorker | undefined;
  private checked = -Infinity;

  /** whether a newer release is complete and waits */
  readonly isOffered = signal(false);
  /** whether the visitor asked for it, and it has not started yet: requests of other tabs hold it up */
  readonly isUpdating = signal(false);
  /** whether another tab has brought a newer release */
  readonly isOutdated = signal(false);
  readonly isOffline = signal(!navigator.onLine);

  constructor() {
    const page = new AbortController();
    inject(DestroyRef).onDestroy(() => {
      page.abort();
    });
    const { signal } = page;
    for (const event of ['online', 'offline']) {
      addEventListener(
        event,
        () => {
          this.isOffline.set(!navigator.onLine);
          // What the loss of the network has ended begins again.
          if (navigator.onLine) void this.check();
        },
        { signal },
      );
    }
    const { container } = this;
    if (!container) return;
    // Null on the first visit, whose page is not this worker's.
    const wasServed = attempt(() => container.controller !== null) ?? false;
    container.addEventListener(
      'controllerchange',
      () => {
        if (wasServed && !this.isUpdating()) this.isOutdated.set(true);
      },
      { signal },
    );
    document.addEventListener('visibilitychange', () => void this.check(), { signal });
    effect((onCleanup) => {
      if (!this.reader.isQuiet()) return;
      const timer = setTimeout(() => void this.check(), QUIET);
      onCleanup(() => {
        clearTimeout(timer);
      });
    });
  }

  /** Starts the release that waits, in this tab at once. */
  update(): void {
    const { waiting } = this;
    // Where no tab was served by the release before, this one waits for nobody: it has started.
    if (waiting?.state !== 'installed') {
      location.reload();
      return;
    }
    this.isUpdating.set(true);
    // Not the page's change of controller: a first visit's page has none. Once: a second reload would end the first.
    waiting.addEventListener(
      'statechange',
      () => {
        location.reload();
      },
      { once: true },
    );
    waiting.postMessage('take over');
  }

  later(): void {
    this.isOffered.set(false);
  }

  reload(): void {
    location.reload();
  }

  /** Registers the release that the site has now. Without a network all stays as it is. */
  private async check(): Promise<void> {
    const { container } = this;
    if (!container || document.visibilityState !== 'visible') return;
    if (!this.reader.isQuiet() || performance.now() - this.checked < AGAIN) return;
    this.checked = performance.now();
    try {
      const response = await fetch('build.json', { cache: 'no-store' });
      if (!response.ok) return;
      const release = await nameOf(await response.arrayBuffer());
      const script = new URL(`sw.js?release=${release}`, document.baseURI).href;
      this.log.add(script, 'page');
      const registration = await container.register(script, { updateViaCache: 'none' });
      this.follow(registration);
    } catch {
      this.checked = -Infinity;
    }
  }

  private follow(registration: ServiceWorkerRegistration): void {
    const look = (): void => {
      if (!registration.waiting || !registration.active) return;
      this.waiting = registration.waiting;
      this.isOffered.set(true);
    };
    look();
    const { installing } = registration;
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'redundant') this.checked = -Infinity;
      look();
    });
  }
}

async function nameOf(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
