import { computed, Injectable, signal } from '@angular/core';
import { attempt } from './attempt';

/** A request as the browser reports it. */
export interface RequestEntry {
  url: string;
  by: 'page' | 'worker' | 'serviceWorker';
  /** that crossed the network; 0: from this device; nothing where browsers keep no record */
  bytes?: number;
}

type Timing = Pick<PerformanceResourceTiming, 'name' | 'transferSize'>;

/** Where workers tell of their requests, which are not in the page's own record. */
const CHANNELS = { worker: 'recognizer-requests', serviceWorker: 'service-worker-requests' };

/**
 * Every request that the page, the recognizer and the offline store made since the page was opened. Other tabs of the
 * page share the channels, so the list may have more than this tab's, never less.
 */
@Injectable({ providedIn: 'root' })
export class RequestLog {
  private readonly all = signal<RequestEntry[]>([]);
  /** what a page makes of its own memory, such as the picture of a photo, is no request */
  readonly entries = computed(() => this.all().filter(({ url }) => /^https?:/.test(url)));

  constructor() {
    // Browsers that are told to keep nothing may refuse any of it: photos are read all the same.
    attempt(() => {
      const observer = new PerformanceObserver((list) => {
        this.note('page', list.getEntries() as PerformanceResourceTiming[]);
      });
      observer.observe({ type: 'navigation', buffered: true });
      observer.observe({ type: 'resource', buffered: true });
    });
    for (const by of ['worker', 'serviceWorker'] as const) {
      attempt(() => {
        new BroadcastChannel(CHANNELS[by]).onmessage = ({ data }: MessageEvent<Timing>) => {
          this.note(by, [data]);
        };
      });
    }
  }

  /** Notes a request of which browsers keep no record that pages can read. */
  add(url: string, by: RequestEntry['by']): void {
    this.all.update((all) => [...all, { url, by }]);
  }

  private note(by: RequestEntry['by'], timings: Timing[]): void {
    const entries = timings.map(({ name, transferSize }) => ({
      url: name,
      by,
      bytes: transferSize,
    }));
    this.all.update((all) => [...all, ...entries]);
  }
}
