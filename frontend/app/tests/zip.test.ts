import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { zipOf } from '../src/app/zip';

const READ = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps({name: list(archive.read(name)) for name in archive.namelist()}))
`;

describe('zipOf', () => {
  it('writes what others read, names of any kind and files without a byte too', async () => {
    const contents = {
      'a.jpg': [1, 2, 255],
      '猫 ä.png': Array.from('x'.repeat(70_000), () => 7),
      empty: [],
    };
    const entries = Object.entries(contents).map(([name, bytes]) => ({
      name,
      content: new Blob([Uint8Array.from(bytes)]),
    }));
    const path = join(mkdtempSync(join(tmpdir(), 'zip-')), 'made.zip');
    writeFileSync(path, new Uint8Array(await (await zipOf(entries)).arrayBuffer()));
    const read = execFileSync('python3', ['-c', READ, path], { encoding: 'utf8', maxBuffer: 1e7 });
    expect(JSON.parse(read)).toEqual(contents);
  });
});
