/** Tells the page what its worker fetched: a worker's requests are not in the page's own record. */

/** Name of the BroadcastChannel that carries entries: `name`, the address, and `transferSize`, bytes over the network. */
export const REQUESTS = 'recognizer-requests';

/** Sends an entry for each request of this worker, from its start to its end. */
export function reportRequests(): void {
  const channel = new BroadcastChannel(REQUESTS);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
      channel.postMessage({ name: entry.name, transferSize: entry.transferSize });
    }
  }).observe({ type: 'resource', buffered: true });
}
