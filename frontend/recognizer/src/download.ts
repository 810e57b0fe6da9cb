/** A web model from the network: manifest and files, with progress, and not one byte that isn't the manifest's. */
import { DownloadError, IntegrityError, messageOf } from './errors';
import { parseManifest, type Manifest, type ManifestFile } from './manifest';
import type { Files } from './model';

/** Bytes of the web model's files, without the manifest. */
export interface Progress {
  loaded: number;
  total: number;
}

export interface DownloadOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/**
 * Fetches the manifest and then, side by side, the files it lists, which lie next to it.
 *
 * @param url of manifest.json
 * @throws DownloadError, ManifestError, IntegrityError, or the signal's reason
 */
export async function download(
  url: string,
  { onProgress, signal }: DownloadOptions = {},
): Promise<{ manifest: Manifest; files: Files }> {
  // Its name carries no hash, so a copy in the cache may be that of an older model.
  const response = await fetched(url, signal, { cache: 'no-cache' });
  const manifest = parseManifest(await textOf(response, url, signal), url);
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
      const bytes = await body(new URL(file.path, url).href, file, others.signal, count);
      await verify(file, bytes);
      return [file.path, bytes] as const;
    });
    const files = new Map(await Promise.all(entries));
    signal?.throwIfAborted();
    return { manifest, files };
  } catch (error) {
    others.abort(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', forward);
  }
}

/** @throws IntegrityError unless `bytes` are those that the manifest names */
export async function verify(file: ManifestFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (bytes.length !== file.bytes) {
    throw new IntegrityError(
      `${file.path} has ${String(bytes.length)} bytes, and the manifest says ${String(file.bytes)}`,
    );
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (sha256 !== file.sha256) {
    throw new IntegrityError(`${file.path} has the SHA-256 ${sha256}, not ${file.sha256}`);
  }
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
  if (!response.ok) {
    throw new DownloadError(`${url} can't be fetched: the server says ${String(response.status)}`);
  }
  return response;
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

/** The file's bytes, counted as they arrive; ends as soon as there are more than the manifest says. */
async function body(
  url: string,
  file: ManifestFile,
  signal: AbortSignal,
  count: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetched(url, signal);
  const bytes = new Uint8Array(file.bytes);
  let at = 0;
  const reader = response.body?.getReader();
  try {
    for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
      if (at + chunk.value.length > bytes.length) {
        throw new IntegrityError(`${url} has more than the manifest's ${String(file.bytes)} bytes`);
      }
      bytes.set(chunk.value, at);
      at += chunk.value.length;
      count(chunk.value.length);
    }
  } catch (error) {
    throw error instanceof IntegrityError ? error : interruption(error, url, signal);
  }
  return bytes.subarray(0, at);
}

/** Why a request ended early: the caller's own reason, or the network's. */
function interruption(error: unknown, url: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  return new DownloadError(`${url} can't be fetched: ${messageOf(error)}`);
}
