/** The vectors in tests/vectors that hold Python and TypeScript together. */
import { readFileSync } from 'node:fs';
import type { Suppression } from '../src/detector/suppression';

function read(name: string): unknown {
  const path = new URL(`../../../tests/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8'));
}

export interface LetterboxCase {
  width: number;
  height: number;
  input_width: number;
  input_height: number;
  distance: number;
  scaled: [number, number];
  photo_rgb: string;
  input_rgb: string;
  boxes: number[][];
  photo_boxes: number[][];
}

export interface DetectCase {
  boxes: number[][];
  scores: number[][];
  background_column: boolean;
  min_score: number;
  suppression: Suppression;
  detections: { classes: number[]; scores: number[]; boxes: number[][]; classScores: number[][] };
}

export interface NumbersCase {
  name: string;
  boxes: number[][];
  numbers: number[][];
}

export interface LooksCase {
  name: string;
  boxes: number[][];
  scores: number[];
  /** width, height */
  photo: [number, number];
  input: [number, number];
  too_close: boolean;
  /** ymin, xmin, ymax, xmax */
  regions: [number, number, number, number][];
  settled: boolean;
  faith: number;
}

export interface ScoresCases {
  shown: {
    name: string;
    calibration: { scores: number[]; probabilities: number[] } | null;
    scores: number[];
    shown: number[];
  }[];
  thresholds: {
    classes: string[];
    score_threshold: number;
    class_thresholds?: Record<string, number>;
    boxes: number[][];
    scores: number[][];
    suppression: Suppression;
    expected: { classes: number[]; scores: number[] };
  }[];
}

export const scoresCases = read('scores') as ScoresCases;

export const looksCases = read('looks') as LooksCase[];

export const letterboxCases = read('letterbox') as LetterboxCase[];

export const recognitionCases = read('recognition') as {
  detect: DetectCase[];
  numbers: NumbersCase[];
};

export function rowsOf(boxes: Float64Array): number[][] {
  return Array.from({ length: boxes.length / 4 }, (_, row) => [
    ...boxes.subarray(row * 4, row * 4 + 4),
  ]);
}
