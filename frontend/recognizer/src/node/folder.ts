/** A web model from a folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { start } from '../backends/wasm';
import { DownloadError, messageOf } from '../errors';
import { verify } from '../loading/integrity';
import { parseManifest } from '../model/manifest';
import { Model } from '../model/model';

/**
 * Loads the model on WebAssembly, with one thread.
 *
 * @throws DownloadError, ManifestError, IntegrityError, ModelError
 */
export async function loadFolder(folder: string, verified: boolean): Promise<Model> {
  const path = join(folder, 'manifest.json');
  const manifest = parseManifest(new TextDecoder().decode(await read(path)), path);
  const entries = await Promise.all(
    manifest.files.map(async (file) => {
      const bytes = await read(join(folder, file.path));
      if (verified) await verify(file, bytes);
      return [file.path, bytes] as const;
    }),
  );
  // Not begun earlier: a file that is refused meanwhile would end the process before anybody hears why.
  await start({ threads: 1 });
  return Model.load(manifest, new Map(entries));
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new DownloadError(`${path} can't be read: ${messageOf(error)}`);
  }
}
