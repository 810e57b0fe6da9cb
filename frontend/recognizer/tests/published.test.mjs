import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const root = new URL('../', import.meta.url);

/** Names of all modules that the types at `path` import, and that those import in turn. */
async function imported(path, names = new Set()) {
  const types = await readFile(new URL(`dist/${path}.d.ts`, root), 'utf8');
  for (const [, name] of types.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
    if (names.has(name)) continue;
    names.add(name);
    if (name.startsWith('.')) await imported(name, names);
  }
  return names;
}

describe('the published package', () => {
  it('needs no other, neither to run nor for its types', async () => {
    const { dependencies } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
    expect(dependencies).toBeUndefined();
    const names = await imported('index');
    expect(names).toContain('./api');
    expect([...names].filter((name) => !name.startsWith('.'))).toEqual([]);
  });
});
