/**
 * A web model from the network or from the store: manifest and files, with progress, and not one byte that isn't the
 * manifest's. What is interrupted goes on where it ended.
 */
import { ManifestError } from '../errors';
import { attended, fetched, following, Interruption, textOf } from './fetching';
import { sha256Of } from './integrity';
import { parseManifest, type Files, type Manifest } from '../model/manifest';
import { Store } from './store';
import { Transfer } from './transfer';

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
  /** milliseconds without a byte after which a request counts as interrupted */
  patience?: number;
}

const PAUSES = [300, 1000, 3000];
const PATIENCE = 20_000;
/**
 * Brings the files that the manifest lists, which lie next to it, side by side.
 *
 * @param url of manifest.json
 * @returns also whether a later call finds all files in the store
 * @throws DownloadError, ManifestError, IntegrityError, what `check` throws, or the signal's reason; what has come by then
 *   is kept
 */
export async function download(
  url: string,
  {
    onProgress,
    signal,
    manifest: given,
    sha256,
    check,
    pauses = PAUSES,
    patience = PATIENCE,
  }: DownloadOptions = {},
): Promise<{ manifest: Manifest; files: Files; isKept: boolean }> {
  const store = await Store.open(url);
  const text = given ? undefined : await currentText(url, store, signal, patience);
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
  const { controller: others, release } = following(signal);
  count(0);
  const options = { signal: others.signal, count, pauses, patience };
  const transfers = manifest.files.map((file) => new Transfer(url, file, store, options));
  const entries = transfers.map(
    async (transfer) => [transfer.file.path, await transfer.bytes()] as const,
  );
  try {
    const files = new Map(await Promise.all(entries));
    signal?.throwIfAborted();
    const isKept = transfers.every((transfer) => transfer.isKept);
    await store.complete(manifest, text, isKept);
    return { manifest, files, isKept };
  } catch (error) {
    others.abort(error);
    // They keep what has come of them.
    await Promise.allSettled(entries);
    throw error;
  } finally {
    release();
  }
}

/** The manifest's text as it is now; without a network, that of the model in the store. */
async function currentText(
  url: string,
  store: Store,
  signal: AbortSignal | undefined,
  patience: number,
): Promise<string> {
  try {
    return await attended(url, { signal, patience }, async ({ signal }) => {
      // Its name carries no hash, so a copy in the browser's cache may be that of an older model.
      const response = await fetched(url, signal, { cache: 'no-cache' });
      return textOf(response, url, signal);
    });
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
