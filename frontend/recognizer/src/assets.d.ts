/** esbuild copies the file beside the bundle under a content-hashed name and hands over that name. */
declare module '*.wasm' {
  const path: string;
  export default path;
}

/** Paths from the built index.js to the worker in one file, and to its WebAssembly files, put in by scripts/build.mjs. */
declare const WORKER_FILE: string;
declare const WASM_FILE: string;
declare const WASM_SIMD_FILE: string;

/** The model that the worker was built for, put in by scripts/build.mjs. */
declare const BUILT_FOR: {
  /** graph operations that it can carry out */
  operations: string[];
  /** of the model that `answer` is of (see answer.ts) */
  model: string;
  answer: { boxes: number[]; scores: number[] };
};
