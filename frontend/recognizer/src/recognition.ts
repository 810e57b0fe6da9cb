/** The core, the same in a browser's worker and in Node: pixels to detections and numbers. */
import { letterbox, toPhoto, type Input, type Pixels } from './letterbox';
import type { Manifest } from './manifest';
import type { Model, Outputs } from './model';
import { numbers as inReadingOrder } from './reading';
import { detect } from './suppression';

/** Corners in pixels of the photo. */
export interface Box {
  xmin: number;
  ymin: number;
  xmax: number;
  ymax: number;
}

/** One object. */
export interface Detection {
  class: string;
  /** 0–1 */
  score: number;
  box: Box;
}

/** Objects that are read together, or one object alone where the model's objects are not characters. */
export interface DetectedNumber {
  /** the classes of its objects in reading order */
  text: string;
  /** 0–1, that of its least certain object */
  score: number;
  box: Box;
  /** its objects in reading order: positions in the list of detections */
  indices: number[];
}

export interface Findings {
  /** best first */
  detections: Detection[];
  /** in reading order; made of the detections that reach the model's score threshold */
  numbers: DetectedNumber[];
}

/** Milliseconds that the steps took. */
export interface CoreTimings {
  letterbox: number;
  inference: number;
  recognition: number;
}

/**
 * Everything from pixels to numbers.
 *
 * @param minScore detections that score less are left out; the model's own threshold if not given
 */
export async function recognizePixels(
  photo: Pixels,
  model: Model,
  minScore?: number,
): Promise<Findings & { timings: CoreTimings }> {
  const { manifest } = model;
  const start = performance.now();
  const image = letterbox(photo, inputOf(manifest));
  const letterboxed = performance.now();
  const outputs = await model.run(image);
  const inferred = performance.now();
  const findings = decode(outputs, photo, manifest, minScore);
  const timings = {
    letterbox: letterboxed - start,
    inference: inferred - letterboxed,
    recognition: performance.now() - inferred,
  };
  return { ...findings, timings };
}

/** The network's outputs to detections and numbers of a photo of the given size. */
export function decode(
  outputs: Outputs,
  photo: { width: number; height: number },
  manifest: Manifest,
  minScore: number = manifest.score_threshold,
): Findings {
  const { boxes, scores } = outputs;
  const kept = detect(
    boxes.values,
    scores.values,
    manifest.suppression,
    minScore,
    manifest.background_column,
  );
  const corners = toPhoto(kept.boxes, photo, manifest.input);
  const detections = kept.classes.map((index, row) => ({
    class: manifest.classes[index],
    score: kept.scores[row],
    box: boxAt(corners, row),
  }));
  return { detections, numbers: numbersOf(detections, corners, manifest) };
}

export function inputOf(manifest: Manifest): Input {
  const { width, height, letterbox } = manifest.input;
  return { width, height, fill: letterbox.fill };
}

function numbersOf(
  detections: Detection[],
  corners: Float64Array,
  manifest: Manifest,
): DetectedNumber[] {
  // Best first: those above the threshold are the first ones.
  const certain = detections.filter(({ score }) => score >= manifest.score_threshold).length;
  const groups =
    manifest.reading === 'lines'
      ? inReadingOrder(corners.subarray(0, certain * 4))
      : Array.from({ length: certain }, (_, index) => [index]);
  return groups.map((indices) => {
    const members = indices.map((index) => detections[index]);
    return {
      text: members.map((member) => member.class).join(''),
      score: Math.min(...members.map((member) => member.score)),
      box: around(members.map((member) => member.box)),
      indices,
    };
  });
}

function around(boxes: Box[]): Box {
  return {
    xmin: Math.min(...boxes.map((box) => box.xmin)),
    ymin: Math.min(...boxes.map((box) => box.ymin)),
    xmax: Math.max(...boxes.map((box) => box.xmax)),
    ymax: Math.max(...boxes.map((box) => box.ymax)),
  };
}

function boxAt(corners: Float64Array, row: number): Box {
  const [ymin, xmin, ymax, xmax] = corners.subarray(row * 4, row * 4 + 4);
  return { xmin, ymin, xmax, ymax };
}
