/** One file of a web model on its way, from the store or from the network: its beginning is kept, and gone on with. */
import { IntegrityError } from '../errors';
import { attended, fetched, Interruption, interruption, type Attention } from './fetching';
import { verify } from './integrity';
import type { ManifestFile } from '../model/manifest';
import type { Store } from './store';

/** A file's beginning is kept each time that so many bytes have come: who closes the tab loses no more. */
const KEPT_EACH = 262_144;
/** However large a file is, it isn't written more often than so. */
const MOST_PARTS = 8;

interface TransferOptions {
  signal: AbortSignal;
  /** told of bytes as they arrive, and of those that are given back */
  count: (bytes: number) => void;
  pauses: number[];
  patience: number;
}

export class Transfer {
  private received: Uint8Array<ArrayBuffer>;
  /** how many of `received` have come */
  private at = 0;
  /** how many of them are in the store */
  private kept = 0;
  /** whether the whole file is in the store */
  isKept = false;

  constructor(
    private readonly manifestUrl: string,
    readonly file: ManifestFile,
    private readonly store: Store,
    private readonly options: TransferOptions,
  ) {
    this.received = new Uint8Array(file.bytes);
  }

  /** The file's bytes, verified. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const kept = await this.store.file(this.file);
    if (kept) {
      this.isKept = true;
      this.options.count(kept.length);
      return kept;
    }
    this.append(await this.store.part(this.file));
    this.kept = this.at;
    try {
      return await this.fetchedAndVerified('default');
    } catch (error) {
      // A part, or a copy in the browser's cache, may be of another release: once more, all of it and from the server.
      if (!(error instanceof IntegrityError)) throw error;
      this.restart();
      await this.store.dropPart(this.file);
      return this.fetchedAndVerified('reload');
    }
  }

  private async fetchedAndVerified(cache: RequestCache): Promise<Uint8Array<ArrayBuffer>> {
    await this.fetchWhole(cache);
    const bytes = this.received.subarray(0, this.at);
    await verify(this.file, bytes);
    this.isKept = await this.store.keepFile(this.file, bytes);
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
        const isOver = pause === undefined || signal.aborted || !(error instanceof Interruption);
        if (isOver && !(error instanceof IntegrityError)) {
          await this.keepPart();
        }
        if (isOver) throw error;
        await slept(pause, signal);
      }
    }
  }

  private async keepPart(): Promise<void> {
    this.kept = this.at;
    await this.store.keepPart(this.file, this.received.slice(0, this.at));
  }

  private fetchRest(cache: RequestCache): Promise<void> {
    const url = new URL(this.file.path, this.manifestUrl).href;
    return attended(url, this.options, (attention) => this.fetchRestOf(url, cache, attention));
  }

  private async fetchRestOf(
    url: string,
    cache: RequestCache,
    { signal, heard }: Attention,
  ): Promise<void> {
    const step = Math.max(KEPT_EACH, this.file.bytes / MOST_PARTS);
    const wanted = this.at;
    const headers: HeadersInit = wanted > 0 ? { Range: `bytes=${String(wanted)}-` } : {};
    const response = await fetched(url, signal, { cache, headers });
    // A server that doesn't know ranges sends all of it.
    if (wanted > 0 && !continues(response, wanted)) this.restart();
    const reader = response.body?.getReader();
    try {
      for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
        this.append(chunk.value);
        if (this.at - this.kept >= step && this.at < this.file.bytes) await this.keepPart();
        heard();
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
    this.at = this.kept = 0;
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
