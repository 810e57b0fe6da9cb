/** Starts a worker, also one whose script is on another origin. */
import {
  DownloadError,
  messageOf,
  RequestError,
  WorkerError,
  type RecognizerError,
} from '../errors';

export interface Started {
  worker: Worker;
  /** when the worker has ended */
  release: () => void;
}

/** @throws RequestError where there are none */
export function requireWorkers(): void {
  if (typeof Worker !== 'undefined') return;
  throw new RequestError(
    "There are no workers here: this is for browsers; in Node, import '@digitlens/recognizer/node'",
  );
}

/**
 * @param address of the worker's script
 * @throws WorkerError if the browser refuses it
 */
export function startWorker(address: string): Started {
  const isForeign = isOfAnotherOrigin(address);
  // Browsers start workers of the page's own origin only; what those import may be of any that allows it.
  const url = isForeign
    ? URL.createObjectURL(
        new Blob([`import ${JSON.stringify(address)};`], { type: 'text/javascript' }),
      )
    : address;
  const release = (): void => {
    if (isForeign) URL.revokeObjectURL(url);
  };
  try {
    return { worker: new Worker(url, { type: 'module' }), release };
  } catch (error) {
    release();
    throw new WorkerError(`The browser doesn't start ${address}: ${messageOf(error)}`);
  }
}

/** What an error event without words means: the script, or one that it imports, can't be had. */
export function missing(address: string): RecognizerError {
  const remedy = isOfAnotherOrigin(address)
    ? "its server has to allow it (CORS), and this page's policy 'worker-src blob:'; or serve a copy here"
    : 'the whole folder has to be served there (npx recognizer-files FOLDER), named in workerUrl';
  return new DownloadError(`The worker's script ${address} can't be fetched: ${remedy}`);
}

function isOfAnotherOrigin(address: string): boolean {
  const { origin, protocol } = new URL(address);
  return /^https?:$/.test(protocol) && origin !== globalThis.location.origin;
}
