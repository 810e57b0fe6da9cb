/** A web model in TensorFlow.js: the graph over bytes that were checked before, its outputs by name. */
import { loadGraphModelSync, type GraphModel } from '@tensorflow/tfjs-converter';
import { dispose, env, setBackend, tensor, type io, type Tensor } from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
import { DownloadError, messageOf, ModelError } from './errors';
import type { Manifest } from './manifest';

/** One of the network's outputs. */
export interface Output {
  name: string;
  shape: number[];
  values: Float32Array;
}

/** What the network says of one photo, for each of n locations. */
export interface Outputs {
  /** [1, n, 4] ymin, xmin, ymax, xmax; 0–1 of the input */
  boxes: Output;
  /** [1, n, c] one score per class, behind the background's where the manifest says so */
  scores: Output;
}

/** Files of a web model by path. */
export type Files = ReadonlyMap<string, Uint8Array>;

const GRAPH_FILE = 'model.json';

/** A loaded graph; `dispose` gives its memory back. */
export class Model {
  private constructor(
    readonly manifest: Manifest,
    private readonly graph: GraphModel<io.IOHandlerSync>,
  ) {}

  /**
   * Builds the graph and runs it once, since the first run is several times slower than the rest.
   *
   * @param files all files that the manifest lists
   * @throws ModelError if the graph can't be built or run, DownloadError if the backend is missing
   */
  static async load(manifest: Manifest, files: Files): Promise<Model> {
    await startBackend();
    let graph: GraphModel<io.IOHandlerSync>;
    try {
      graph = loadGraphModelSync(artifacts(files));
    } catch (error) {
      throw new ModelError(`The graph of ${manifest.name} can't be built: ${messageOf(error)}`);
    }
    const model = new Model(manifest, graph);
    try {
      await model.run(new Uint8Array(manifest.input.height * manifest.input.width * 3));
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model;
  }

  /**
   * Runs the network on RGB pixels [height, width, 3], letterboxed already.
   *
   * @throws ModelError if the graph fails or its outputs don't fit the manifest
   */
  async run(image: Uint8Array): Promise<Outputs> {
    const { name, height, width } = this.manifest.input;
    const names = [this.manifest.outputs.boxes, this.manifest.outputs.scores];
    const input = tensor(Float32Array.from(image), [1, height, width, 3]);
    let results: Tensor[] = [];
    try {
      results = this.graph.execute({ [name]: input }, names) as Tensor[];
      const [boxes, scores] = await Promise.all(
        results.map(async (result, index) => ({
          name: names[index],
          shape: result.shape,
          values: await result.data<'float32'>(),
        })),
      );
      checkShapes(boxes, scores, this.manifest);
      return { boxes, scores };
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw new ModelError(`The graph of ${this.manifest.name} fails: ${messageOf(error)}`);
    } finally {
      dispose([input, ...results]);
    }
  }

  dispose(): void {
    this.graph.dispose();
  }
}

/** @throws ModelError unless the outputs have the shapes that the manifest promises */
export function checkShapes(boxes: Output, scores: Output, manifest: Manifest): void {
  const columns = manifest.classes.length + (manifest.background_column ? 1 : 0);
  for (const [output, last] of [[boxes, 4] as const, [scores, columns] as const]) {
    const { name, shape } = output;
    if (shape.length !== 3 || shape[0] !== 1 || shape[1] !== boxes.shape[1] || shape[2] !== last) {
      throw new ModelError(
        `Output ${name} has the shape [${shape.join(', ')}], not ` +
          `[1, ${String(boxes.shape[1])}, ${String(last)}]: the manifest belongs to another model`,
      );
    }
  }
}

let started: Promise<void> | undefined;

/**
 * Loads TensorFlow.js' wasm backend, once; `Model.load` waits for it. Whoever still downloads the model calls it earlier.
 *
 * @throws DownloadError, or ModelError where there is no WebAssembly
 */
export function startBackend(): Promise<void> {
  return (started ??= startWasm());
}

async function startWasm(): Promise<void> {
  const located = (file: string): string => new URL(file, import.meta.url).href;
  // The threaded module hangs when minified; the build leaves it out, and so it must never be chosen.
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths({
    'tfjs-backend-wasm.wasm': located(plain),
    'tfjs-backend-wasm-simd.wasm': located(simd),
    'tfjs-backend-wasm-threaded-simd.wasm': located(simd),
  });
  if (!(await setBackend('wasm'))) {
    throw typeof WebAssembly === 'undefined'
      ? new ModelError('This browser has no WebAssembly: update it, or allow it for this site')
      : new DownloadError("The wasm file beside the worker can't be fetched or started");
  }
}

function artifacts(files: Files): io.ModelArtifacts {
  const { modelTopology, weightsManifest, signature } = JSON.parse(
    new TextDecoder().decode(fileOf(files, GRAPH_FILE)),
  ) as io.ModelJSON;
  return {
    modelTopology,
    signature,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: joined(
      weightsManifest.flatMap((group) => group.paths).map((path) => fileOf(files, path)),
    ),
  };
}

function fileOf(files: Files, path: string): Uint8Array {
  const bytes = files.get(path);
  if (bytes === undefined) throw new ModelError(`The manifest doesn't list ${path}`);
  return bytes;
}

function joined(parts: Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
