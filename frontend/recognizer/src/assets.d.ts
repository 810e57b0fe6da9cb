/** esbuild copies the file beside the bundle under a content-hashed name and hands over that name. */
declare module '*.wasm' {
  const path: string;
  export default path;
}

/** File name of the built worker, put in by scripts/build.mjs. */
declare const WORKER_FILE: string;
