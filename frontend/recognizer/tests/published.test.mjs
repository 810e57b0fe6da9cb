import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = new URL('../', import.meta.url);

/** Names of all modules that the types at `path` import, and that those import in turn; of own ones, their addresses. */
async function imported(path, names = new Set()) {
  const address = new URL(path, root);
  const types = await readFile(`${fileURLToPath(address)}.d.ts`, 'utf8');
  for (const [, name] of types.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
    const found = name.startsWith('.') ? new URL(name, address).href : name;
    if (names.has(found)) continue;
    names.add(found);
    if (name.startsWith('.')) await imported(found, names);
  }
  return names;
}

describe('the published package', () => {
  it('needs no other, neither to run nor for its types', async () => {
    const { dependencies } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
    expect(dependencies).toBeUndefined();
    const names = await imported('dist/index');
    expect(names).toContain(new URL('dist/api', root).href);
    expect([...names].filter((name) => !name.startsWith('file:'))).toEqual([]);
  });
});
