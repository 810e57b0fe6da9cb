import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download, type Progress } from '../src/download';
import { DownloadError, IntegrityError, ManifestError } from '../src/errors';
import { tinyFiles, tinyManifest, type TinyFiles } from './tiny_model';

/** What the server sends by path; a path in `stalled` gets its first byte and then nothing. */
let served: Map<string, Uint8Array>;
let stalled: Set<string>;
let server: Server;
let url: string;
let files: TinyFiles;

beforeEach(async () => {
  files = tinyFiles();
  served = new Map<string, Uint8Array>(files);
  served.set('manifest.json', Buffer.from(JSON.stringify(tinyManifest(files))));
  stalled = new Set();
  server = createServer((request, response) => {
    const path = request.url?.slice('/model/'.length) ?? '';
    const bytes = served.get(path);
    if (bytes === undefined) {
      response.writeHead(404).end('<h1>Not found</h1>');
    } else if (stalled.has(path)) {
      response.write(bytes.subarray(0, 1));
    } else {
      response.end(bytes);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/model/manifest.json`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

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
