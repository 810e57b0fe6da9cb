/**
 * Bundles src into dist: worker-HASH.js and the wasm files it loads, index.js, assets.json (which names the worker), and
 * node/web_runtime.mjs with its own wasm files. dist is replaced as a whole when everything has been built.
 */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const partial = join(root, 'dist.partial');

/** The threaded module hangs when minified and is never chosen (see src/model.ts): its glue need not be shipped. */
const withoutThreads = {
  name: 'without-threads',
  setup({ onLoad }) {
    onLoad({ filter: /wasm-out[\\/]tfjs-backend-wasm-threaded-simd(\.worker)?\.js$/ }, () => ({
      contents: 'export const wasmWorkerContents = ""; export default undefined;',
    }));
  },
};

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
  plugins: [withoutThreads],
};

async function buildWorker() {
  const { metafile } = await build({
    ...shared,
    entryPoints: ['src/worker.ts'],
    outdir: partial,
    entryNames: '[name]-[hash]',
    platform: 'browser',
    metafile: true,
  });
  const [path] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint);
  return basename(path);
}

async function buildIndex(worker) {
  await build({
    ...shared,
    entryPoints: ['src/index.ts'],
    outdir: partial,
    platform: 'browser',
    minify: false,
    define: { WORKER_FILE: JSON.stringify(worker) },
  });
}

/** TensorFlow.js and its wasm glue are CommonJS at heart: in Node they ask for require and __dirname. */
const COMMONJS_NAMES = `
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
const require = createRequire(import.meta.url);
const __filename = fileURLToPath(import.meta.url);
const __dirname = dirname(__filename);
`;

async function buildNodeRuntime() {
  await build({
    ...shared,
    entryPoints: { web_runtime: 'src/node.ts' },
    outdir: join(partial, 'node'),
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    mainFields: ['module', 'main'],
    target: 'node20',
    minify: false,
    // The fallback for a Node without fetch; never reached, and not installed.
    external: ['node-fetch'],
    banner: { js: COMMONJS_NAMES },
  });
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
    process.stderr.write(error.stdout);
    process.exit(1);
  }
}

await rm(partial, { recursive: true, force: true });
await mkdir(partial);
await buildTypes();
const worker = await buildWorker();
await buildIndex(worker);
await buildNodeRuntime();
await writeFile(join(partial, 'assets.json'), `${JSON.stringify({ worker })}\n`);
await rm(dist, { recursive: true, force: true });
await rename(partial, dist);
