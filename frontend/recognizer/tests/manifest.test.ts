import { describe, expect, it } from 'vitest';
import { ManifestError } from '../src/errors';
import { parseManifest } from '../src/model/manifest';
import { tinyFiles, tinyManifest } from './tiny_model';

/** A good manifest with what `change` does to it, as text. */
function manifest(change: (fields: Record<string, unknown>) => void = () => undefined): string {
  const fields = structuredClone(tinyManifest(tinyFiles())) as unknown as Record<string, unknown>;
  change(fields);
  return JSON.stringify(fields);
}

describe('parseManifest', () => {
  it('returns a manifest that follows the schema', () => {
    expect(parseManifest(manifest(), 'here')).toEqual(tinyManifest(tinyFiles()));
  });

  const file = { path: 'model.json', bytes: 1, sha256: '0'.repeat(64) };
  const refusals: [string, string, (fields: Record<string, unknown>) => void][] = [
    ['a later format', 'format_version 2', (f) => (f['format_version'] = 2)],
    ['a missing field', 'manifest.classes is missing', (f) => delete f['classes']],
    ['a wrong type', 'manifest.score_threshold is "0.5"', (f) => (f['score_threshold'] = '0.5')],
    ['a number out of range', 'is 1.5, above 1', (f) => (f['score_threshold'] = 1.5)],
    [
      'a fraction for a count',
      'manifest.input.width is 32.5',
      (f) => Object.assign(f['input'] as object, { width: 32.5 }),
    ],
    ['an unknown rule', 'not "lines" or "none"', (f) => (f['reading'] = 'columns')],
    ['an unknown field', 'manifest.colour is unknown', (f) => (f['colour'] = 'red')],
    ['no classes', 'manifest.classes has too few', (f) => (f['classes'] = [])],
    ['a class twice', 'manifest.classes has an entry twice', (f) => (f['classes'] = ['1', '1'])],
    ['an empty name', 'manifest.name is empty', (f) => (f['name'] = '')],
    [
      'a file elsewhere',
      "doesn't match",
      (f) => (f['files'] = [{ ...file, path: '../model.json' }]),
    ],
    [
      'a field deep inside',
      'manifest.files[0].bytes is -1, below 0',
      (f) => (f['files'] = [{ ...file, bytes: -1 }]),
    ],
    ['a wrong gate', 'manifest.gate.photos is missing', (f) => (f['gate'] = { passed: true })],
  ];

  it.each(refusals)('refuses %s and names it', (_, message, change) => {
    const parse = (): unknown => parseManifest(manifest(change), 'https://site/manifest.json');
    expect(parse).toThrow(ManifestError);
    expect(parse).toThrow(message);
    expect(parse).toThrow('https://site/manifest.json');
  });

  it('refuses what is not JSON, such as the page of a missing file', () => {
    expect(() => parseManifest('<!doctype html>', 'here')).toThrow(/^here is not JSON/);
  });

  it('refuses JSON that is not an object', () => {
    expect(() => parseManifest('[]', 'here')).toThrow('manifest is a list, not object');
  });
});
