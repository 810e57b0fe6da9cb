/**
 * A web model from the network or from the store: manifest and files, with progress, and not one byte that isn't the
 * manifest's. What is interrupted goes on where it ended.
 */
import { DownloadError, IntegrityError, ManifestError, messageOf } from './errors';
import { sha256Of, verify } from './integrity';
import { parseManifest, type Manifest, type ManifestFile } from './manifest';
import type { Files } from './model';
import { Store } from './store';

/** Bytes of the web model's files, without the manifest. */
export interface Progress {
  loaded: number;
  total: number;
}

export interface DownloadOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
  /** of this model, not the one that is there now */
  manifest?: Manifest | undefined;
  /** of the manifest's text in hex; any text if not given */
  sha256?: string | undefined;
  /** throws if the model of a manifest can't be used */
  check?: (manifest: Manifest) => void;
  /** milliseconds before an interrupted file is asked for again; one try for each, and one more */
  pauses?: number[];
}

const PAUSES = [300, 1000, 3000];

/**
 * Brings the files that the manifest lists, which lie next to it, side by side.
 *
 * @param url of manifest.json
 * @throws DownloadError, ManifestError, IntegrityError, what `check` throws, or the signal's reason
 */
export async function download(
  url: string,
  { onProgress, signal, manifest: given, sha256, check, pauses = PAUSES }: DownloadOptions = {},
): Promise<{ manifest: Manifest; files: Files }> {
  const store = await Store.open(url);
  const text = given ? undefined : await currentText(url, store, signal);
  if (text !== undefined) await checkRelease(text, sha256, url);
  const manifest = given ?? parseManifest(text ?? '', url);
  check?.(manifest);
  const total = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  let loaded = 0;
  const count = (bytes: number): void => {
    loaded += bytes;
    onProgress?.({ loaded, total });
  };
  // The first file that fails ends the others.
  const others = new AbortController();
  const forward = (): void => {
    others.abort(signal?.reason);
  };
  signal?.addEventListener('abort', forward);
  try {
    count(0);
    const entries = manifest.files.map(async (file) => {
      const transfer = new Transfer(url, file, store, { signal: others.signal, count, pauses });
      return [file.path, await transfer.bytes()] as const;
    });
    const files = new Map(await Promise.all(entries));
    signal?.throwIfAborted();
    await store.complete(manifest, text);
    return { manifest, files };
  } catch (error) {
    others.abort(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', forward);
  }
}

/** The manifest's text as it is now; without a network, that of the model in the store. */
async function currentText(
  url: string,
  store: Store,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    // Its name carries no hash, so a copy in the browser's cache may be that of an older model.
    const response = await fetched(url, signal, { cache: 'no-cache' });
    return await textOf(response, url, signal);
  } catch (error) {
    const kept = error instanceof Interruption ? await store.manifest() : undefined;
    if (kept === undefined) throw error;
    return kept;
  }
}

/** @throws ManifestError if the text is not the one that the caller was released with */
async function checkRelease(
  text: string,
  expected: string | undefined,
  url: string,
): Promise<void> {
  if (expected === undefined) return;
  const sha256 = await sha256Of(new TextEncoder().encode(text));
  if (sha256 === expected) return;
  throw new ManifestError(
    `${url} is of another release: its SHA-256 is ${sha256}, not ${expected}`,
  );
}

/** The network's end of a request, which another try may mend. */
class Interruption extends DownloadError {}

interface TransferOptions {
  signal: AbortSignal;
  /** told of bytes as they arrive, and of those that are given back */
  count: (bytes: number) => void;
  pauses: number[];
}

/** One file on its way. */
class Transfer {
  private received: Uint8Array<ArrayBuffer>;
  /** how many of `received` have come */
  private at = 0;

  constructor(
    private readonly manifestUrl: string,
    private readonly file: ManifestFile,
    private readonly store: Store,
    private readonly options: TransferOptions,
  ) {
    this.received = new Uint8Array(file.bytes);
  }

  /** The file's bytes, verified. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const kept = await this.store.file(this.file);
    if (kept) {
      this.options.count(kept.length);
      return kept;
    }
    this.append(await this.store.part(this.file));
    const resumed = this.at > 0;
    try {
      return await this.fetchedAndVerified('default');
    } catch (error) {
      // A part, or a copy in the browser's cache, may be of another release: once more, all of it and from the server.
      if (!(error instanceof IntegrityError)) throw error;
      this.restart();
      if (resumed) await this.store.dropPart(this.file);
      return this.fetchedAndVerified('reload');
    }
  }

  private async fetchedAndVerified(cache: RequestCache): Promise<Uint8Array<ArrayBuffer>> {
    await this.fetchWhole(cache);
    const bytes = this.received.subarray(0, this.at);
    await verify(this.file, bytes);
    await this.store.keepFile(this.file, bytes);
    return bytes;
  }

  private async fetchWhole(cache: RequestCache): Promise<void> {
    for (const pause of [...this.options.pauses, undefined]) {
      try {
        await this.fetchRest(cache);
        return;
      } catch (error) {
        // Not whole: another attempt, here or on the visitor's next visit, goes on from there.
        const { signal } = this.options;
        const isOver = pause === undefined || !(error instanceof Interruption);
        if (isOver && !(error instanceof IntegrityError)) {
          await this.store.keepPart(this.file, this.received.slice(0, this.at));
        }
        if (isOver) throw error;
        await slept(pause, signal);
      }
    }
  }

  private async fetchRest(cache: RequestCache): Promise<void> {
    const url = new URL(this.file.path, this.manifestUrl).href;
    const { signal } = this.options;
    const wanted = this.at;
    const headers: HeadersInit = wanted > 0 ? { Range: `bytes=${String(wanted)}-` } : {};
    const response = await fetched(url, signal, { cache, headers });
    // A server that doesn't know ranges sends all of it.
    if (wanted > 0 && !continues(response, wanted)) this.restart();
    const reader = response.body?.getReader();
    try {
      for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
        this.append(chunk.value);
      }
    } catch (error) {
      throw error instanceof IntegrityError ? error : interruption(error, url, signal);
    }
    if (this.at < this.file.bytes && response.headers.has('Content-Length')) {
      // Some browsers end a body that was cut as if it were whole.
      const promised = Number(response.headers.get('Content-Length'));
      if (!response.headers.has('Content-Encoding') && this.at - wanted < promised) {
        throw new Interruption(`${url} can't be fetched: the connection was cut`);
      }
    }
  }

  private append(chunk: Uint8Array): void {
    if (this.at + chunk.length > this.received.length) {
      const bytes = String(this.file.bytes);
      throw new IntegrityError(`${this.file.path} has more than the manifest's ${bytes} bytes`);
    }
    this.received.set(chunk, this.at);
    this.at += chunk.length;
    this.options.count(chunk.length);
  }

  private restart(): void {
    this.options.count(-this.at);
    this.at = 0;
  }
}

/** Whether the answer begins at byte `start` of the file. */
function continues(response: Response, start: number): boolean {
  const range = response.headers.get('Content-Range') ?? '';
  return response.status === 206 && range.startsWith(`bytes ${String(start)}-`);
}

async function slept(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', resolve, { once: true });
  });
  signal.throwIfAborted();
}

async function fetched(
  url: string,
  signal: AbortSignal | undefined,
  options: RequestInit = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...options, signal: signal ?? null });
  } catch (error) {
    throw interruption(error, url, signal);
  }
  if (response.ok) return response;
  const message = `${url} can't be fetched: the server says ${String(response.status)}`;
  // 416: a part that is longer than the file, or a server that doesn't like the range.
  const passing = response.status >= 500 || response.status === 429;
  throw passing ? new Interruption(message) : new DownloadError(message);
}

async function textOf(
  response: Response,
  url: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw interruption(error, url, signal);
  }
}

/** Why a request ended early: the caller's own reason, or the network's. */
function interruption(error: unknown, url: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  return new Interruption(`${url} can't be fetched: ${messageOf(error)}`);
}
