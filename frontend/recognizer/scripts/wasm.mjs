/** WebAssembly files of TensorFlow.js without the functions that no kernel of a model calls: 137 kB become 83 (gzip). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import binaryen from 'binaryen';

/** What the glue around the kernels calls; exports in small letters are the runtime's own. */
const RUNTIME = /^[_a-z]/;

/** What the modules are made with; more would let binaryen write what browsers don't read yet. */
const { MutableGlobals, SIMD128, BulkMemory, SignExt, NontrappingFPToInt, Atomics } =
  binaryen.Features;
const FEATURES = MutableGlobals | SIMD128 | BulkMemory | SignExt | NontrappingFPToInt | Atomics;

/** `bytes` of a module with only those exports of the kernels that are in `called`, and what they need. */
export function shrunk(bytes, called) {
  const module = binaryen.readBinary(bytes);
  try {
    module.setFeatures(FEATURES);
    for (const name of exportsOf(module)) {
      if (!called.has(name) && (!RUNTIME.test(name) || name === '_FusedMatMul')) {
        module.removeExport(name);
      }
    }
    module.runPasses(['remove-unused-module-elements']);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

function exportsOf(module) {
  return Array.from(
    { length: module.getNumExports() },
    (_, index) => binaryen.getExportInfo(module.getExportByIndex(index)).name,
  );
}

/** Exports that the given kernels of the wasm backend may call: their own, and those of the kernels they are made of. */
export async function calledFrom(folder, kernels) {
  const seen = new Set();
  const called = new Set();
  const waiting = [...kernels];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const source = await readFile(join(folder, `${name}.js`), 'utf8');
    waiting.push(...[...source.matchAll(/from '\.\/(\w+)'/g)].map(([, other]) => other));
    for (const [, name] of source.matchAll(/cwrap\(\s*'?(\w+)/g)) called.add(name);
  }
  return new Set([...seen, ...called]);
}
