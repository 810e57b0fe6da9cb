/** The known-answer test: what a model says of a made-up photo, in few numbers. */
import type { Manifest } from './manifest';
import type { Model } from './model';

/** The largest values of successive parts of each output. */
export interface Answer {
  boxes: number[];
  scores: number[];
}

const PARTS = 48;
/** How far a value may be off. Graphics processors with half precision come to 0.005; what is broken is far off. */
const TOLERANCE = 0.01;

/** Which model an answer belongs to: the hashes of its files. */
export function modelKey({ files }: Manifest): string {
  return files.map(({ sha256 }) => sha256.slice(0, 16)).join('-');
}

/** Whole numbers only, so that every machine makes the same picture: rings, stripes and a little noise. */
export function madeUpPhoto({ input }: Manifest): Uint8Array {
  const { width, height } = input;
  const image = new Uint8Array(width * height * 3);
  let noise = 1;
  for (let index = 0; index < image.length; index++) {
    const channel = index % 3;
    const x = ((index - channel) / 3) % width;
    const y = Math.floor(index / 3 / width);
    noise = (noise * 75) % 65_537;
    const ring = ((x % 48) - 24) ** 2 + ((y % 48) - 24) ** 2;
    const stroke = (ring > 90 && ring < 240) || (x % 48 > 20 && x % 48 < 26 && y % 96 > 48);
    image[index] = (stroke ? 40 * channel : 190 - 30 * channel + (x >> 2)) ^ (noise & 7);
  }
  return image;
}

export async function answerOf(model: Model): Promise<Answer> {
  const { boxes, scores } = await model.run(madeUpPhoto(model.manifest));
  return { boxes: largest(boxes.values), scores: largest(scores.values) };
}

export function agree(answer: Answer, expected: Answer): boolean {
  return near(answer.boxes, expected.boxes) && near(answer.scores, expected.scores);
}

function near(values: number[], expected: number[]): boolean {
  // A value that is no number is not near anything.
  return (
    values.length === expected.length &&
    values.every((value, index) => Math.abs(value - expected[index]) <= TOLERANCE)
  );
}

function largest(values: Float32Array): number[] {
  const length = Math.ceil(values.length / PARTS);
  const parts = Array.from({ length: Math.ceil(values.length / length) }, (_, part) =>
    values.subarray(part * length, (part + 1) * length),
  );
  return parts.map((part) => Math.round(part.reduce((a, b) => Math.max(a, b)) * 1e5) / 1e5);
}
