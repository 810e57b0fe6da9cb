/** Every request that the page, its workers and the offline store made, as the browser reports them. */

export interface RequestEntry {
  url: string;
  by: 'page' | 'worker' | 'serviceWorker';
  /** that crossed the network; 0: from this device */
  bytes: number;
}

/** Calls back with each request of this page, those from before included; returns what ends that. */
export function watchRequests(seen: (entries: RequestEntry[]) => void): () => void {
  const observer = new PerformanceObserver((list) => {
    seen(list.getEntries().map((entry) => entryOf(entry as PerformanceResourceTiming, 'page')));
  });
  observer.observe({ type: 'navigation', buffered: true });
  observer.observe({ type: 'resource', buffered: true });
  return () => {
    observer.disconnect();
  };
}

export function entryOf(
  { name, transferSize }: Pick<PerformanceResourceTiming, 'name' | 'transferSize'>,
  by: RequestEntry['by'],
): RequestEntry {
  return { url: name, by, bytes: transferSize };
}

/** Requests proper: what a page makes of its own memory, such as the picture of a photo, is none. */
export function isRequest({ url }: RequestEntry): boolean {
  return /^https?:/.test(url);
}
