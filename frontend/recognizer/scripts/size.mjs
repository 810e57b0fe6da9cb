/** What the built library weighs: bytes over the wire (gzip) of the page's part, the worker, and each backend on top. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const files = await readdir(`${dist}worker`);
const starting = (...beginnings) =>
  files.filter((file) => beginnings.some((beginning) => file.startsWith(`${beginning}-`)));

/** The scripts among `names`, and those that they import before they run. */
async function withImports(names) {
  const seen = new Set();
  const waiting = names.filter((name) => /\.(js|wasm)$/.test(name));
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (!name.endsWith('.js')) continue;
    const source = await readFile(`${dist}worker/${name}`, 'utf8');
    const imported = source.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g);
    waiting.push(...[...imported].map(([, file]) => file));
  }
  return seen;
}

async function weigh(paths) {
  const weights = [...paths].map(async (path) => {
    const bytes = await readFile(dist + path);
    return gzipSync(bytes, { level: 9 }).length;
  });
  return (await Promise.all(weights)).reduce((sum, weight) => sum + weight, 0);
}

const threads = /^tfjs-backend-wasm-threaded-simd/;
const worker = await withImports(starting('worker', 'engine'));
const variants = {
  'wasm with SIMD': starting('wasm', 'tfjs-backend-wasm-simd').concat(
    starting('tfjs-backend-wasm').filter((file) =>
      /^tfjs-backend-wasm-[A-Z0-9]{8}\.js$/.test(file),
    ),
  ),
  'wasm with SIMD and threads': starting('wasm').concat(files.filter((file) => threads.test(file))),
  'wasm without SIMD': starting('wasm').concat(
    files.filter((file) => /^tfjs-backend-wasm-[A-Z0-9]{8}\.(js|wasm)$/.test(file)),
  ),
  webgl: starting('webgl'),
  webgpu: starting('webgpu'),
  cpu: starting('cpu'),
};
const rows = [
  ['index.js, as it is bundled into a page', await weigh(['index.js'])],
  ['worker', await weigh([...worker].map((file) => `worker/${file}`))],
];
for (const [name, entries] of Object.entries(variants)) {
  const own = [...(await withImports(entries))].filter((file) => !worker.has(file));
  rows.push([`… and ${name}`, await weigh(own.map((file) => `worker/${file}`))]);
}
for (const [name, bytes] of rows) {
  process.stdout.write(`${String(bytes).padStart(8)}  ${name}\n`);
}
