/** A web model in TensorFlow.js: the graph over bytes that were checked before, its outputs by name. */
import { loadGraphModelSync, type GraphModel } from '@tensorflow/tfjs-converter';
import { dispose, memory, tensor, type io, type Tensor } from '@tensorflow/tfjs-core';
import { messageOf, ModelError } from '../errors';
import type { Files, Manifest } from './manifest';

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

const GRAPH_FILE = 'model.json';

/** A loaded graph; `dispose` gives its memory back. */
export class Model {
  private constructor(
    readonly manifest: Manifest,
    private readonly graph: GraphModel<io.IOHandlerSync>,
  ) {}

  /**
   * Builds the graph on the backend that was started, and runs it once: the first run is several times slower.
   *
   * @param files all files that the manifest lists
   * @throws ModelError if the graph can't be built or run
   */
  static async load(manifest: Manifest, files: Files): Promise<Model> {
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
    const input = tensor(new Float32Array(image), [1, height, width, 3]);
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

/** Tensors that TensorFlow.js holds, and their bytes. */
export function held(): { tensors: number; bytes: number } {
  const { numTensors, numBytes } = memory();
  return { tensors: numTensors, bytes: numBytes };
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
