/**
 * TensorFlow.js without what one model doesn't use: an esbuild plugin that leaves out kernels, graph operations and, from
 * the WebAssembly files, functions. The kernels are those that ran when the model ran in Node, the operations those of its
 * manifest.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { calledFrom, shrunk } from './wasm.mjs';

/** What the build says of a model that it can't make a worker for. */
export class BuildError extends Error {}

/** Functions of TensorFlow.js that carry out each operation of a graph. */
const FUNCTIONS = createRequire(import.meta.url)(
  '@tensorflow/tfjs-converter/metadata/kernel2op.json',
);
const FUSED = { conv2d: 'conv2d', depthwiseConv2d: 'depthwise_conv2d', matMul: 'mat_mul' };
const CONVERTER = /tfjs-converter[\\/]dist[\\/]operations[\\/]/;

/**
 * @param operations of the graph, as the manifest names them
 * @param kernels of TensorFlow.js that run them
 * @throws BuildError naming an operation that TensorFlow.js doesn't have
 */
export function lean(operations, kernels) {
  const unknown = operations.filter((name) => !Object.hasOwn(FUNCTIONS, name));
  if (unknown.length > 0) {
    throw new BuildError(
      `TensorFlow.js has no operation ${unknown.join(', ')}, which the model uses`,
    );
  }
  const changes = [
    [/register_all_kernels\.js$/, (path) => registration(path, kernels)],
    // Without the optimizers, which only training needs.
    [
      /tfjs-core[\\/]dist[\\/]index\.js$/,
      () => `import './base_side_effects'; export * from './base';`,
    ],
    [/tfjs-core[\\/]dist[\\/]ops[\\/]ops_for_converter\.js$/, () => functionsOf(operations)],
    // Models come from memory; ways to fetch and to keep them are never used. Nor are hashes of strings.
    [/tfjs-core[\\/]dist[\\/]io[\\/]io\.js$/, () => IN_MEMORY],
    [/tfjs-core[\\/]dist[\\/]io[\\/](indexed_db|local_storage|model_management)\.js$/, absent],
    [/tfjs-core[\\/]dist[\\/]hash_util\.js$/, absent],
    [/tfjs-backend-web\w+[\\/]dist[\\/]kernel_utils[\\/]shared\.js$/, withNamedImports],
    [within(CONVERTER, /op_list[\\/]\w+\.js$/), (path) => mappings(path, operations)],
    [within(CONVERTER, /executors[\\/]\w+_executor\.js$/), (path) => executor(path, operations)],
    [/tfjs-backend-wasm[\\/]dist[\\/]backend_wasm\.js$/, withLazyModules],
    [/tfjs-backend-wasm[\w-]*\.wasm$/, (path) => webAssembly(path, kernels), 'file'],
  ];
  return {
    name: 'lean',
    setup({ onLoad }) {
      for (const [filter, change, loader] of changes) {
        onLoad({ filter }, async ({ path }) => {
          const contents = await change(path);
          return { contents, loader: loader ?? 'js', resolveDir: dirname(path) };
        });
      }
    },
  };
}

function within(folder, file) {
  return new RegExp(folder.source + file.source);
}

/** One backend's kernels; one that it doesn't have is missed by the known-answer test, and another backend used. */
async function registration(path, kernels) {
  const folder = join(dirname(path), 'kernels');
  const lines = kernels
    .filter((kernel) => existsSync(join(folder, `${kernel}.js`)))
    .map(async (kernel) => {
      const source = await readFile(join(folder, `${kernel}.js`), 'utf8');
      const [, config] = source.match(/export const (\w+Config)\b/);
      return `import { ${config} } from './kernels/${kernel}'; registerKernel(${config});`;
    });
  return [
    `import { registerKernel } from '@tensorflow/tfjs-core';`,
    ...(await Promise.all(lines)),
  ].join('\n');
}

function functionsOf(operations) {
  // Graphs of every kind hold constants, and copy them.
  const names = new Set([
    'clone',
    'scalar',
    'tensor',
    ...operations.flatMap((name) => FUNCTIONS[name]),
  ]);
  const [fused, own] = [[], new Set()];
  for (const name of names) {
    const [family, member] = name.split('.');
    if (family === 'fused') fused.push(member);
    else own.add(family);
  }
  return [
    `export { ${[...own].join(', ')} } from './ops';`,
    ...fused.map((name) => `import { ${name} } from './fused/${FUSED[name]}';`),
    `export const fused = { ${fused.join(', ')} };`,
  ].join('\n');
}

async function mappings(path, operations) {
  const used = (await listed(path)).filter(({ tfOpName }) => operations.includes(tfOpName));
  return `export const json = ${JSON.stringify(used)};`;
}

const IN_MEMORY = `
export { concatenateArrayBuffers, decodeWeights, getModelArtifactsForJSONSync, getWeightSpecs } from './io_utils';
export { CompositeArrayBuffer } from './composite_array_buffer';
export { fromMemorySync } from './passthrough';`;

/** The names that a module exports, without anything behind them. */
async function absent(path) {
  const source = await readFile(path, 'utf8');
  const declared = [...source.matchAll(/^export (?:async )?(?:class|function|const) (\w+)/gm)];
  const listed = [...source.matchAll(/^export \{([^}]+)\}/gm)];
  const names = [...declared, ...listed].flatMap(([, found]) => found.match(/\w+/g));
  return `export const ${names.map((name) => `${name} = undefined`).join(', ')};`;
}

/** Taking a namespace apart keeps all of it; named imports keep what is used. */
async function withNamedImports(path) {
  const source = await readFile(path, 'utf8');
  const [, names] = source.match(/const \{([^}]+)\} = shared;/) ?? [];
  if (names === undefined) return source;
  return source
    .replace(/const \{[^}]+\} = shared;/, '')
    .replace('* as shared', `{ ${names.replaceAll(':', ' as')} }`);
}

/** An executor that no operation asks for does nothing. */
async function executor(path, operations) {
  const list = join(dirname(path), '../op_list', basename(path).replace('_executor', ''));
  const known = existsSync(list) ? await listed(list) : [];
  return known.some(({ tfOpName }) => operations.includes(tfOpName))
    ? readFile(path, 'utf8')
    : 'export const executeOp = () => undefined;';
}

async function listed(path) {
  const source = await readFile(path, 'utf8');
  return (await import(`data:text/javascript,${encodeURIComponent(source)}`)).json;
}

async function webAssembly(path, kernels) {
  const folder = join(dirname(path), 'kernels');
  return shrunk(await readFile(path), await calledFrom(folder, kernels));
}

/**
 * The glue of the module with threads and of the one without, each loaded only where it is used. Threads are workers whose
 * script TensorFlow.js makes of a function's text: that breaks when minified, and blob: addresses need a weaker policy. They
 * get addresses of the untouched files instead.
 */
async function withLazyModules(path) {
  const replacements = [
    [
      /import \* as wasmFactoryThreadedSimd_import from '([^']+)';/,
      `import threadScript from '$1?asset';`,
    ],
    [/import \{ wasmWorkerContents \} from '([^']+)';/, `import threadWorker from '$1?asset';`],
    [/import \* as wasmFactory_import from '[^']+';/, ''],
    [/const wasmFactoryThreadedSimd = \([^;]+;/, ''],
    [/const wasmFactory = \([^;]+;/, ''],
    [
      /const response = wasmWorkerContents[\s\S]+?return URL\.createObjectURL\(blob\);/,
      'return new URL(threadWorker, import.meta.url).href;',
    ],
    [
      /factoryConfig\.mainScriptUrlOrBlob = new Blob\([\s\S]+?\{ type: 'text\/javascript' \}\);/,
      'factoryConfig.mainScriptUrlOrBlob = new URL(threadScript, import.meta.url).href;',
    ],
    [
      'wasm = wasmFactoryThreadedSimd(factoryConfig);',
      `wasm = import('../wasm-out/tfjs-backend-wasm-threaded-simd.js').then((module) => module.default(factoryConfig));`,
    ],
    [
      'wasm = wasmFactory(factoryConfig);',
      `wasm = import('../wasm-out/tfjs-backend-wasm.js').then((module) => module.default(factoryConfig));`,
    ],
  ];
  return replaced(await readFile(path, 'utf8'), replacements, path);
}

function replaced(text, replacements, path) {
  return replacements.reduce((source, [from, to]) => {
    const changed = source.replace(from, to);
    if (changed === source) throw new BuildError(`${path} has changed: ${from} is not in it`);
    return changed;
  }, text);
}

/** A thread tells the page of its one request, as src/worker/requests.ts does of a worker's, before it waits for work for good. */
const REPORTING = [
  [
    'importScripts(e.data.urlOrBlob)',
    `importScripts(e.data.urlOrBlob);
    for (const { name, transferSize } of performance.getEntriesByType("resource"))
      new BroadcastChannel("recognizer-requests").postMessage({ name, transferSize })`,
  ],
];

/** Files that are served as they are, under a name with their hash: `import address from './file?asset'`. */
export const assets = {
  name: 'assets',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?asset$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace('?asset', '')),
      namespace: 'asset',
    }));
    onLoad({ filter: /.*/, namespace: 'asset' }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      // The script of a thread is in the package as a string.
      const [, script] =
        text.match(/^module\.exports\.wasmWorkerContents = `([\s\S]*)`;\s*$/) ?? [];
      const contents = script === undefined ? text : replaced(script, REPORTING, path);
      return { contents, loader: 'file' };
    });
  },
};
