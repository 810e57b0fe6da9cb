/**
 * Writes src/generated from schemas/manifest.schema.json: manifest.ts, the manifest's type, and schema.ts, the schema
 * itself for the check at run time, with the schemas it refers to put in their places and the descriptions left out.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compileFromFile } from 'json-schema-to-typescript';

const schemas = new URL('../../../schemas/', import.meta.url);
const generated = new URL('../src/generated/', import.meta.url);
const banner = '/* Made by scripts/generate.mjs from schemas/manifest.schema.json. */';

const ANNOTATIONS = new Set(['$schema', '$id', 'title', 'description']);

async function inlined(name) {
  return resolved(JSON.parse(await readFile(new URL(name, schemas), 'utf8')));
}

async function resolved(node, isProperties = false) {
  if (Array.isArray(node)) return Promise.all(node.map((item) => resolved(item)));
  if (typeof node !== 'object' || node === null) return node;
  if (typeof node.$ref === 'string') return inlined(node.$ref);
  const kept = Object.entries(node).filter(([key]) => isProperties || !ANNOTATIONS.has(key));
  return Object.fromEntries(
    await Promise.all(
      kept.map(async ([key, value]) => [
        key,
        await resolved(value, key === 'properties' && !isProperties),
      ]),
    ),
  );
}

async function write(name, text) {
  const target = new URL(name, generated);
  const temporary = new URL(`${name}.partial`, generated);
  await writeFile(temporary, text);
  await rename(temporary, target);
}

await mkdir(generated, { recursive: true });
const type = await compileFromFile(fileURLToPath(new URL('manifest.schema.json', schemas)), {
  bannerComment: banner,
  cwd: fileURLToPath(schemas),
  format: false,
  ignoreMinAndMaxItems: true,
});
await write('manifest.ts', type);
const schema = JSON.stringify(await inlined('manifest.schema.json'), null, 2);
await write('schema.ts', `${banner}\nexport const schema = ${schema};\n`);
