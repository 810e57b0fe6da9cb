import { ManifestError, messageOf } from '../errors';
import type { Manifest } from '../generated/manifest';
import { schema } from '../generated/schema';
import { violation } from './schema';

export type { Manifest };

/** One entry of the manifest's list of files. */
export type ManifestFile = Manifest['files'][number];

/** Files of a web model by path. */
export type Files = ReadonlyMap<string, Uint8Array>;

const FORMAT_VERSION = 1;

/**
 * The manifest that `text` holds, checked against schemas/manifest.schema.json.
 *
 * @param origin where the text is from, for the error
 * @throws ManifestError naming the first field that is wrong
 */
export function parseManifest(text: string, origin: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ManifestError(`${origin} is not JSON: ${messageOf(error)}`);
  }
  const version = formatVersion(value);
  if (version !== undefined && version !== FORMAT_VERSION) {
    throw new ManifestError(
      `${origin} has format_version ${JSON.stringify(version)}, and this recognizer reads ` +
        `${String(FORMAT_VERSION)}: build the page and the web model with the same version`,
    );
  }
  const found = violation(value, schema, 'manifest');
  if (found !== undefined) throw new ManifestError(`${origin} can't be used: ${found}`);
  return value as Manifest;
}

function formatVersion(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'format_version' in value
    ? value.format_version
    : undefined;
}
