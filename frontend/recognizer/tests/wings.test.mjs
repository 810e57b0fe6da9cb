/** The modules' order: each wing and file of src stands on those below it, and no way leads back up. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** From the top down: wings by their folder, modules that belong to none by their name. */
const FLOORS = [
  'index',
  'element',
  'page',
  'node',
  'worker',
  'backends',
  'protocol',
  'options',
  'api',
  'photo',
  'detector',
  'loading',
  'model',
  'generated',
  'errors',
];

/** Module to the modules of src that it imports, types included, by their paths in src without an ending. */
const graph = new Map(
  readdirSync(src, { recursive: true })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(resolve(src, path), 'utf8'));
      const own = importedFiles.filter(({ fileName }) => fileName.startsWith('.'));
      const imported = own.map(({ fileName }) =>
        relative(src, resolve(src, dirname(path), fileName)),
      );
      return [path.replace(/\.ts$/, ''), imported];
    }),
);

const floorOf = (module) => FLOORS.indexOf(module.split('/')[0]);

/** The first circle that a walk along the imports runs into, as the modules on it. */
function circle(imports) {
  const done = new Set();
  const walk = (module, path) => {
    if (path.includes(module)) return [...path.slice(path.indexOf(module)), module];
    if (done.has(module)) return undefined;
    for (const other of imports.get(module) ?? []) {
      const found = walk(other, [...path, module]);
      if (found !== undefined) return found;
    }
    done.add(module);
    return undefined;
  };
  return [...imports.keys()].map((module) => walk(module, [])).find((found) => found);
}

/** Imports that lead from a floor to one above it. */
function upward(imports) {
  return [...imports].flatMap(([module, others]) =>
    others.filter((other) => floorOf(other) < floorOf(module)).map((other) => [module, other]),
  );
}

describe('the modules of src', () => {
  it('all stand on a floor, and import what is there', () => {
    expect(graph.size).toBeGreaterThan(30);
    expect([...graph.keys()].filter((module) => floorOf(module) < 0)).toEqual([]);
    expect([...graph.values()].flat().filter((module) => !graph.has(module))).toEqual([]);
    // Those that are loaded later, too.
    expect(graph.get('worker/engine')).toContain('backends/wasm');
  });

  it('import downwards only', () => {
    expect(upward(graph)).toEqual([]);
    expect(upward(new Map([['errors', ['api']]]))).toEqual([['errors', 'api']]);
  });

  it('import nothing in a circle', () => {
    expect(circle(graph)).toBeUndefined();
    const round = new Map([
      ['index', ['page/a']],
      ['page/a', ['page/b']],
      ['page/b', ['page/a']],
    ]);
    expect(circle(round)).toEqual(['page/a', 'page/b', 'page/a']);
  });
});
