/** What is found on a photo. */
import type { Box } from './letterbox';

/** One object. */
export interface Detection {
  class: string;
  /** 0–1 */
  score: number;
  box: Box;
  /** scores of other classes at the same place that `minScore` lets through, by name; absent where there is none */
  others?: Record<string, number>;
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

/** Milliseconds from pixels to findings. */
export interface CoreTimings {
  /** pixels to the network's input, all looks together */
  letterbox: number;
  /** the network, all looks together */
  inference: number;
  /** the network's outputs to detections and numbers */
  recognition: number;
}
