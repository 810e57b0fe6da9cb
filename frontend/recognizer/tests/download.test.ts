import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  download as downloadPatiently,
  type DownloadOptions,
  type Progress,
} from '../src/loading/download';
import { DownloadError, IntegrityError, ManifestError } from '../src/errors';
import { MemoryCaches } from './fakes';
import { tinyFiles, tinyManifest, type TinyFiles } from './tiny_model';

/** What the server sends by path; a path in `stalled` gets its first byte and then nothing. */
let served: Map<string, Uint8Array>;
let stalled: Set<string>;
/** Bytes after which the connection is cut, one for each request for weights.bin. */
let cuts: number[];
/** What was asked for: the path, and where a range began. */
let asked: string[];
let ranges: boolean;
/** whether the server says 416 to every range */
let refusesRanges: boolean;
let server: Server;
let url: string;
let files: TinyFiles;

beforeEach(async () => {
  files = tinyFiles();
  served = new Map<string, Uint8Array>(files);
  served.set('manifest.json', Buffer.from(JSON.stringify(tinyManifest(files))));
  stalled = new Set();
  cuts = [];
  asked = [];
  ranges = true;
  refusesRanges = false;
  server = createServer((request, response) => {
    const path = request.url?.slice('/model/'.length) ?? '';
    const bytes = served.get(path);
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    asked.push(start > 0 ? `${path} from ${String(start)}` : path);
    if (bytes === undefined) {
      response.writeHead(404).end('<h1>Not found</h1>');
    } else if (refusesRanges && start > 0) {
      response.writeHead(416).end();
    } else if (stalled.has(path)) {
      response.write(bytes.subarray(0, 1));
    } else {
      const rest = ranges ? bytes.subarray(start) : bytes;
      response.setHeader('Content-Length', rest.length);
      if (ranges && start > 0) {
        const range = `bytes ${String(start)}-${String(bytes.length - 1)}/${String(bytes.length)}`;
        response.writeHead(206, { 'Content-Range': range });
      }
      const cut = path === 'weights.bin' ? cuts.shift() : undefined;
      if (cut === undefined) response.end(rest);
      else response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/model/manifest.json`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Without pauses between two tries. */
function download(address: string, options: DownloadOptions = {}) {
  return downloadPatiently(address, { pauses: [0, 0], ...options });
}

const whole = (): Uint8Array<ArrayBuffer> => files.get('weights.bin') ?? new Uint8Array();
const hashOf = (path: string): string =>
  tinyManifest(files).files.find((file) => file.path === path)?.sha256 ?? '';

describe('download', () => {
  it('brings the manifest and every file it lists', async () => {
    const model = await download(url);
    expect(model.manifest).toEqual(tinyManifest(files));
    expect(model.files).toEqual(files);
  });

  it('reports bytes from nothing to all', async () => {
    const seen: Progress[] = [];
    await download(url, { onProgress: (progress) => seen.push(progress) });
    const total = [...files.values()].reduce((sum, file) => sum + file.length, 0);
    expect(seen[0]).toEqual({ loaded: 0, total });
    expect(seen.at(-1)).toEqual({ loaded: total, total });
    expect(seen.map(({ loaded }) => loaded)).toEqual(
      seen.map(({ loaded }) => loaded).sort((a, b) => a - b),
    );
  });

  it('refuses a file whose bytes changed', async () => {
    const changed = Uint8Array.from(files.get('weights.bin') ?? []);
    changed[7] ^= 1;
    served.set('weights.bin', changed);
    await expect(download(url)).rejects.toThrow(IntegrityError);
    await expect(download(url)).rejects.toThrow(/weights\.bin has the SHA-256/);
  });

  it.each([
    ['short', (file: Uint8Array) => file.subarray(1), /bytes, and the manifest says/],
    ['long', (file: Uint8Array) => Buffer.concat([file, file]), /more than the manifest/],
  ])('refuses a file that is too %s', async (_, change, message) => {
    served.set('weights.bin', change(files.get('weights.bin') ?? new Uint8Array()));
    await expect(download(url)).rejects.toThrow(IntegrityError);
    await expect(download(url)).rejects.toThrow(message);
  });

  it.each(['manifest.json', 'weights.bin'])('names a missing %s', async (path) => {
    served.delete(path);
    await expect(download(url)).rejects.toThrow(DownloadError);
    await expect(download(url)).rejects.toThrow(new RegExp(`model/${path} .*404`));
  });

  it('says so when nobody answers', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(download(url)).rejects.toThrow(DownloadError);
  });

  it('takes the manifest that is wanted and refuses every other', async () => {
    const wanted = createHash('sha256')
      .update(served.get('manifest.json') ?? '')
      .digest('hex');
    expect((await download(url, { sha256: wanted })).files).toEqual(files);
    const other = tinyManifest(files, { score_threshold: 0.6 });
    served.set('manifest.json', Buffer.from(JSON.stringify(other)));
    await expect(download(url, { sha256: wanted })).rejects.toThrow(ManifestError);
    await expect(download(url, { sha256: wanted })).rejects.toThrow('another release');
  });

  it('refuses a page in place of the manifest', async () => {
    served.set('manifest.json', Buffer.from('<!doctype html>'));
    await expect(download(url)).rejects.toThrow(ManifestError);
  });

  it("ends with the signal's reason while a file is on its way", async () => {
    stalled.add('weights.bin');
    const reason = new Error('the visitor left');
    const controller = new AbortController();
    const onProgress = ({ loaded }: Progress): void => {
      if (loaded > 0) controller.abort(reason);
    };
    await expect(download(url, { signal: controller.signal, onProgress })).rejects.toBe(reason);
  });

  it('does not wait for other files when one fails', async () => {
    stalled.add('model.json');
    served.delete('weights.bin');
    await expect(download(url)).rejects.toThrow(/weights\.bin .*404/);
  });
});

describe('an interrupted download', () => {
  it('goes on where it ended, with a range', async () => {
    cuts = [100];
    const model = await download(url);
    expect(model.files).toEqual(files);
    expect(asked).toContain('weights.bin from 100');
  });

  it('never reports more than there is, nor ends below it', async () => {
    cuts = [100];
    ranges = false;
    const seen: Progress[] = [];
    await download(url, { onProgress: (progress) => seen.push(progress) });
    const { total } = seen[0];
    expect(Math.max(...seen.map(({ loaded }) => loaded))).toBe(total);
    expect(seen.at(-1)?.loaded).toBe(total);
  });

  it('begins anew where the server knows no ranges', async () => {
    cuts = [100];
    ranges = false;
    expect((await download(url)).files).toEqual(files);
  });

  it('is one that brings nothing for a while', async () => {
    stalled.add('weights.bin');
    const onProgress = (): void => {
      if (asked.includes('weights.bin')) stalled.clear();
    };
    const model = await download(url, { patience: 200, onProgress });
    expect(model.files).toEqual(files);
    expect(asked).toContain('weights.bin from 1');
  });

  it('is an error where nothing comes at all', async () => {
    stalled.add('manifest.json');
    await expect(download(url, { patience: 50 })).rejects.toThrow('nothing came for 0.05 s');
  });

  it('is an error after the last try', async () => {
    cuts = [1, 1, 1];
    await expect(download(url)).rejects.toThrow(DownloadError);
    expect(asked.filter((path) => path.startsWith('weights.bin'))).toHaveLength(3);
  });
});

describe('the store', () => {
  let caches: MemoryCaches;

  beforeEach(() => {
    caches = new MemoryCaches();
    vi.stubGlobal('caches', caches);
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('keeps files by their hash, and nothing is fetched twice', async () => {
    await download(url);
    expect(caches.keys.sort()).toEqual(
      [hashOf('model.json'), hashOf('weights.bin'), 'manifest'].sort(),
    );
    asked = [];
    const seen: Progress[] = [];
    const model = await download(url, { onProgress: (progress) => seen.push(progress) });
    expect(model.files).toEqual(files);
    expect(model.isKept).toBe(true);
    expect(asked).toEqual(['manifest.json']);
    expect(seen.at(-1)?.loaded).toBe(seen[0].total);
  });

  it('fetches an entry again whose bytes changed', async () => {
    await download(url);
    const changed = Uint8Array.from(whole());
    changed[3] ^= 1;
    caches.set(hashOf('weights.bin'), changed);
    expect((await download(url)).files).toEqual(files);
    expect(asked.filter((path) => path === 'weights.bin')).toHaveLength(2);
  });

  it('keeps what came before the last try, for the next visit', async () => {
    cuts = [50, 50, 50];
    await expect(download(url)).rejects.toThrow(DownloadError);
    asked = [];
    expect((await download(url)).files).toEqual(files);
    expect(asked).toContain('weights.bin from 150');
    expect(caches.keys).not.toContain(`${hashOf('weights.bin')}.part`);
  });

  it('keeps what came before it was cancelled', async () => {
    stalled.add('weights.bin');
    const controller = new AbortController();
    const onProgress = ({ loaded, total }: Progress): void => {
      if (loaded === total - whole().length + 1) controller.abort('left');
    };
    const loading = download(url, { signal: controller.signal, onProgress });
    await expect(loading).rejects.toBe('left');
    stalled.clear();
    asked = [];
    expect((await download(url)).files).toEqual(files);
    expect(asked).toEqual(['manifest.json', 'weights.bin from 1']);
  });

  it('drops a beginning that the server knows no rest of', async () => {
    cuts = [50, 50, 50];
    await expect(download(url)).rejects.toThrow(DownloadError);
    refusesRanges = true;
    expect((await download(url)).files).toEqual(files);
  });

  it('drops a beginning that belongs to other bytes', async () => {
    cuts = [50, 50, 50];
    await expect(download(url)).rejects.toThrow(DownloadError);
    caches.set('.part', new Uint8Array(150));
    expect((await download(url)).files).toEqual(files);
  });

  /** Has the server know another model. */
  function release(): void {
    const bytes = Uint8Array.from(whole());
    bytes[0]++;
    files.set('weights.bin', bytes);
    served.set('weights.bin', bytes);
    served.set('manifest.json', Buffer.from(JSON.stringify(tinyManifest(files))));
  }

  it('removes files of older models, but for the one before', async () => {
    const hashes: string[] = [];
    for (let model = 0; model < 3; model++) {
      await download(url);
      // A visit that brings nothing new removes nothing.
      await download(url);
      hashes.push(hashOf('weights.bin'));
      release();
    }
    expect(caches.keys).not.toContain(hashes[0]);
    expect(caches.keys).toEqual(expect.arrayContaining(hashes.slice(1)));
  });

  it('keeps a model for tabs that still use it, and theirs takes nothing from the new one', async () => {
    const { manifest } = await download(url);
    release();
    await download(url);
    asked = [];
    expect((await download(url, { manifest })).manifest).toBe(manifest);
    await download(url);
    expect(asked).toEqual(['manifest.json']);
  });

  it('is enough where there is no network', async () => {
    await download(url);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const model = await download(url);
    expect(model.files).toEqual(files);
    expect(model.manifest).toEqual(tinyManifest(files));
    const sha256 = createHash('sha256')
      .update(served.get('manifest.json') ?? '')
      .digest('hex');
    expect((await download(url, { sha256 })).files).toEqual(files);
    await expect(download(url, { sha256: 'another' })).rejects.toThrow('another release');
  });

  it('does without when there is no space', async () => {
    caches.full = true;
    const model = await download(url);
    expect(model.files).toEqual(files);
    expect(model.isKept).toBe(false);
    expect(caches.keys).toEqual([]);
  });

  it('brings the model of a given manifest, whatever the server has now', async () => {
    const { manifest } = await download(url);
    served.delete('manifest.json');
    expect((await download(url, { manifest })).files).toEqual(files);
  });
});
