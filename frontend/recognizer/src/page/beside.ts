/** Files that lie beside the built index.js, named so that bundlers find them and give them addresses of their own. */

/** The worker in one file, and the WebAssembly files that it would look for beside itself, by TensorFlow.js' names. */
export function besideThis(): { workerUrl: string; wasm: Record<string, string> } {
  return {
    workerUrl: new URL(WORKER_FILE, import.meta.url).href,
    wasm: {
      'tfjs-backend-wasm.wasm': new URL(WASM_FILE, import.meta.url).href,
      'tfjs-backend-wasm-simd.wasm': new URL(WASM_SIMD_FILE, import.meta.url).href,
    },
  };
}
