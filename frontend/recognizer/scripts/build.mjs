/**
 * Bundles src into dist, which is replaced as a whole when everything has been built:
 *
 * - index.js and element.js, the page's part, with types
 * - worker/, the worker for one model and everything it loads, to be served as it is: worker.js for those who want a name
 *   that doesn't change, assets.json beside it names the script itself, and what it imports
 * - bundled/, the same worker in one file, which bundlers may rename and move
 * - node/, which runs any model: recognizer.mjs, a library, and web_runtime.mjs, a program
 *
 * WEB_MODEL names the folder of the model that the worker is for; the released one if not set. Without either there is
 * only the Node runtime.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { assets, BuildError, lean } from './lean.mjs';

const run = promisify(execFile);

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** Of this process alone: two that build at once would mix their files. */
const partial = join(root, 'dist.partial', String(process.pid));
const released = fileURLToPath(new URL('../../../models/digits/web_model', import.meta.url));
const webModel = resolve(process.env.WEB_MODEL ?? released);

const shared = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'linked',
  loader: { '.wasm': 'file' },
  assetNames: '[name]-[hash]',
  logLevel: 'warning',
};

async function buildWorker({ operations, kernels, model, answer }, names) {
  const { metafile } = await build({
    ...shared,
    entryPoints: ['src/worker/worker.ts'],
    outdir: join(partial, 'worker'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    platform: 'browser',
    metafile: true,
    define: {
      BUILT_FOR: JSON.stringify({ operations, model, answer }),
    },
    // Graph operations that the model doesn't use are not there.
    logOverride: { 'import-is-undefined': 'silent' },
    plugins: [assets, lean(operations, kernels)],
    ...names,
  });
  return metafile.outputs;
}

/** In parts that are loaded as they are needed. */
async function buildParts(needed) {
  const outputs = await buildWorker(needed, { splitting: true });
  const [worker, ...preload] = scriptsOf(FIRST, outputs);
  await writeFile(join(partial, 'worker', 'worker.js'), `import './${worker}';\n`);
  return { worker, preload };
}

/** In one file; returns paths from index.js to it and to its WebAssembly files, which are those of the parts. */
async function buildWhole(needed) {
  const outputs = await buildWorker(needed, {
    outdir: partial,
    entryNames: 'bundled/[name]-[hash]',
    assetNames: 'worker/[name]-[hash]',
  });
  const found = (file) => {
    const path = Object.keys(outputs).find((output) => file.test(output));
    return `./${relative(partial, join(root, path))}`;
  };
  return {
    WORKER_FILE: found(/\/worker-\w+\.js$/),
    WASM_FILE: found(/\/tfjs-backend-wasm-[A-Z0-9]{8}\.wasm$/),
    WASM_SIMD_FILE: found(/\/tfjs-backend-wasm-simd-[A-Z0-9]{8}\.wasm$/),
  };
}

/** What is started on a first visit, in this order: the worker, and what it imports if it knows of no better backend. */
const FIRST = [
  /^src\/worker\/worker\.ts$/,
  /^src\/worker\/engine\.ts$/,
  /^src\/backends\/wasm\.ts$/,
  /\/tfjs-backend-wasm\.js$/,
];

/** The scripts that these modules are in, with those that they import at once. */
function scriptsOf(modules, outputs) {
  const found = new Set();
  const add = (path) => {
    if (found.has(path)) return;
    found.add(path);
    for (const { path: other, kind } of outputs[path].imports) {
      if (kind === 'import-statement') add(other);
    }
  };
  for (const module of modules) {
    add(Object.keys(outputs).find((path) => module.test(outputs[path].entryPoint ?? '')));
  }
  return [...found].map((path) => basename(path));
}

async function buildIndex(files) {
  const named = Object.entries(files).map(([name, path]) => [name, JSON.stringify(path)]);
  await build({
    ...shared,
    entryPoints: ['src/index.ts', 'src/element.ts'],
    outdir: partial,
    platform: 'browser',
    minify: false,
    define: Object.fromEntries(named),
  });
}

/** TensorFlow.js and its wasm glue are CommonJS at heart: in Node they ask for require and __dirname. */
const COMMONJS_NAMES = `
import { createRequire } from 'node:module';
import { dirname as folderOf } from 'node:path';
import { fileURLToPath as pathOf } from 'node:url';
const require = createRequire(import.meta.url);
const __filename = pathOf(import.meta.url);
const __dirname = folderOf(__filename);
`;

async function buildNodeRuntime(outdir, plugins = []) {
  await build({
    ...shared,
    entryPoints: { web_runtime: 'src/node/runtime.ts', recognizer: 'src/node/recognizer.ts' },
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    splitting: true,
    platform: 'node',
    mainFields: ['module', 'main'],
    target: 'node20',
    minify: false,
    // The fallback for a Node without fetch; never reached, and not installed.
    external: ['node-fetch'],
    banner: { js: COMMONJS_NAMES },
    logOverride: { 'import-is-undefined': 'silent' },
    plugins: [assets, ...plugins],
  });
}

/** What the model needs of TensorFlow.js, and what it answers, found by running it. */
async function inspected(folder) {
  const runtime = join(folder, 'web_runtime.mjs');
  try {
    const { stdout } = await run(process.execPath, [runtime, webModel, '--inspect']);
    return JSON.parse(stdout);
  } catch (error) {
    // The runtime's one frame: a length, then the error in JSON.
    const [, message] = error.stdout?.match(/"message":"((?:[^"\\]|\\.)*)"/) ?? [];
    throw new BuildError(`${webModel} can't be run: ${message ?? error.stderr ?? error.message}`);
  }
}

/** The worker's parts of TensorFlow.js run the model in Node first: what is missing is missed here, and named. */
async function verify(operations, { kernels, answer }) {
  const folder = await mkdtemp(join(tmpdir(), 'recognizer-'));
  try {
    await buildNodeRuntime(folder, [lean(operations, kernels)]);
    const found = await inspected(folder);
    if (JSON.stringify(found.answer) !== JSON.stringify(answer)) {
      throw new BuildError(`${webModel} answers differently with what the worker would contain`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function buildTypes() {
  const arguments_ = ['--project', 'tsconfig.build.json', '--outDir', partial];
  try {
    await run(
      process.execPath,
      [fileURLToPath(import.meta.resolve('typescript/bin/tsc')), ...arguments_],
      {
        cwd: root,
      },
    );
  } catch (error) {
    // tsc reports on stdout.
    throw new BuildError(error.stdout, { cause: error });
  }
  for (const path of await readdir(partial, { recursive: true })) {
    if (path.endsWith('.d.ts')) await nameFiles(join(partial, path));
  }
}

/** Node's way of finding types wants whole names of files, which src leaves out. */
async function nameFiles(types) {
  const text = await readFile(types, 'utf8');
  await writeFile(types, text.replace(/(from '|import\(')(\.[^']*)(?=')/g, '$1$2.js'));
}

async function buildAll() {
  await mkdir(partial, { recursive: true });
  const node = join(partial, 'node');
  await Promise.all([buildTypes(), buildNodeRuntime(node)]);
  if (process.env.WEB_MODEL || existsSync(webModel)) await buildFor(node);
  await rm(dist, { recursive: true, force: true });
  await rename(partial, dist);
}

/** The worker for the model, and what names it. */
async function buildFor(node) {
  const manifest = JSON.parse(await readFile(join(webModel, 'manifest.json'), 'utf8'));
  const operations = manifest.kernels;
  lean(operations, []);
  const needed = await inspected(node);
  await verify(operations, needed);
  const { worker, preload } = await buildParts({ operations, ...needed });
  await buildIndex(await buildWhole({ operations, ...needed }));
  await writeFile(join(partial, 'assets.json'), `${JSON.stringify({ worker, preload })}\n`);
}

try {
  await buildAll();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await rm(partial, { recursive: true, force: true });
}
