/**
 * Files of web models in Cache Storage, by what they contain: an entry's key ends with the file's SHA-256. One cache per
 * address of a manifest. Where there is no Cache Storage (private mode, no https), or no space is left, nothing is kept and
 * nothing fails.
 */
import { verify } from './integrity';
import type { Manifest, ManifestFile } from '../model/manifest';

const PREFIX = 'recognizer ';

export class Store {
  private readonly base: string;

  private constructor(
    url: string,
    private readonly cache: Cache | undefined,
  ) {
    this.base = new URL('recognizer-store/', url).href;
  }

  /** @param url of manifest.json */
  static async open(url: string): Promise<Store> {
    return new Store(url, await quietly(async () => caches.open(PREFIX + url)));
  }

  /** The whole file; an entry that was changed is removed. */
  async file(file: ManifestFile): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = await this.get(file.sha256);
    if (bytes === undefined) return undefined;
    try {
      await verify(file, bytes);
      return bytes;
    } catch {
      await this.remove(file.sha256);
      return undefined;
    }
  }

  /** Whether there was room for it. */
  async keepFile(file: ManifestFile, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const isKept = await this.put(file.sha256, bytes);
    await this.remove(`${file.sha256}.part`);
    return isKept;
  }

  /** The beginning of a file whose download was interrupted; nothing if there is none. */
  async part(file: ManifestFile): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.get(`${file.sha256}.part`);
    return bytes !== undefined && bytes.length < file.bytes ? bytes : new Uint8Array();
  }

  async keepPart(file: ManifestFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (bytes.length > 0) await this.put(`${file.sha256}.part`, bytes);
  }

  async dropPart(file: ManifestFile): Promise<void> {
    await this.remove(`${file.sha256}.part`);
  }

  /** The text of the manifest of the last model that was complete. */
  async manifest(): Promise<string | undefined> {
    const bytes = await this.get('manifest');
    return bytes && new TextDecoder().decode(bytes);
  }

  /**
   * Writes down that the model of this manifest is complete, and removes what belongs to others but the one before, which
   * other tabs may still use.
   *
   * @param text of the manifest, as it was served; nothing if another tab may have a later one
   * @param isKept whether there was room for all of its files; else none is spared for the one before
   */
  async complete(manifest: Manifest, text: string | undefined, isKept: boolean): Promise<void> {
    const before = await this.manifest();
    if (text === undefined || text === before) return;
    await this.put('manifest', new TextEncoder().encode(text));
    await quietly(async () => {
      const former = before === undefined || !isKept ? [] : (JSON.parse(before) as Manifest).files;
      const files = [...manifest.files, ...former];
      const current = new Set(['manifest', ...files.map(({ sha256 }) => sha256)]);
      for (const { url } of (await this.cache?.keys()) ?? []) {
        const key = url.slice(this.base.length);
        if (!current.has(key)) await this.remove(key);
      }
    });
  }

  private async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return quietly(async () => {
      const response = await this.cache?.match(this.base + key);
      return response && new Uint8Array(await response.arrayBuffer());
    });
  }

  private async put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const isKept = await quietly(async () => {
      await this.cache?.put(this.base + key, new Response(bytes));
      return this.cache !== undefined;
    });
    return isKept === true;
  }

  private async remove(key: string): Promise<void> {
    await quietly(async () => this.cache?.delete(this.base + key));
  }
}

/** What `work` gives, or nothing where the browser refuses to store. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
