/** TensorFlow.js' wasm backend: with SIMD where there is, with threads where the page is cross-origin isolated. */
import { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { DownloadError, ModelError } from '../errors';
import type { Choice, Started } from '../protocol';

/** More gain little on networks of this size. */
const MOST_THREADS = 4;

/**
 * @throws DownloadError, or ModelError where there is no WebAssembly
 */
export async function start({ wasm, threads = usual() }: Partial<Choice> = {}): Promise<Started> {
  if (typeof WebAssembly === 'undefined') {
    throw new ModelError('This browser has no WebAssembly: update it, or allow it for this site');
  }
  const located = (file: string): string => new URL(file, import.meta.url).href;
  setWasmPaths({
    'tfjs-backend-wasm.wasm': located(plain),
    'tfjs-backend-wasm-simd.wasm': located(simd),
    'tfjs-backend-wasm-threaded-simd.wasm': located(threaded),
    ...wasm,
  });
  if (threads > 1 && mayHaveThreads(wasm)) setThreadsCount(threads);
  // The module with threads is slower where there is but one.
  else env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await setBackend('wasm'))) {
    throw new DownloadError("The wasm file beside the worker can't be fetched or started");
  }
  return { threads: getThreadsCount() };
}

/** Threads are workers: their scripts have to lie beside this one, on the page's own origin. */
function mayHaveThreads(wasm: Choice['wasm']): boolean {
  const { origin } = globalThis as { origin?: string };
  return wasm === undefined && new URL(import.meta.url).origin === origin;
}

function usual(): number {
  return Math.min(MOST_THREADS, Math.floor(navigator.hardwareConcurrency / 2));
}
