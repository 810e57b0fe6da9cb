/** Not one byte that isn't the manifest's. */
import { IntegrityError } from '../errors';
import type { ManifestFile } from '../model/manifest';

/** In hex. */
export async function sha256Of(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @throws IntegrityError unless `bytes` are those that the manifest names */
export async function verify(file: ManifestFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (bytes.length !== file.bytes) {
    throw new IntegrityError(
      `${file.path} has ${String(bytes.length)} bytes, and the manifest says ${String(file.bytes)}`,
    );
  }
  const sha256 = await sha256Of(bytes);
  if (sha256 !== file.sha256) {
    throw new IntegrityError(`${file.path} has the SHA-256 ${sha256}, not ${file.sha256}`);
  }
}
