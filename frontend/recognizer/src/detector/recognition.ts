/** The core, the same in a browser's worker and in Node: pixels to detections and numbers. */
import type { CoreTimings, DetectedNumber, Detection, Findings } from './findings';
import {
  crop,
  letterbox,
  sizeOf,
  toPhoto,
  type Box,
  type Input,
  type Pixels,
  type Size,
} from './letterbox';
import { again, AWAY, HINT, mayHideMore, tilesOf, tooClose, trust, wholeIn } from './looks';
import type { Manifest } from '../model/manifest';
import type { Model, Outputs } from '../model/model';
import { numbers as inReadingOrder } from './reading';
import { candidates, suppress, type Candidate } from './suppression';

export interface Options {
  /** detections that score less are left out; the model's own threshold if not given */
  minScore?: number | undefined;
  /** the manifest's number if not given */
  looks?: 1 | 2 | undefined;
  /** look at overlapping tiles of the photo too, in place of other further looks */
  tiles?: boolean | undefined;
  /** waited for between looks; ends the work by throwing */
  pause?: () => Promise<void>;
}

/** What came of all looks at a photo. */
export interface Looked extends Findings {
  looks: number;
  small: boolean;
  timings: CoreTimings;
}

/** Everything from pixels to numbers. */
export async function recognizePixels(
  photo: Pixels,
  model: Pick<Model, 'manifest' | 'run'>,
  { minScore, looks, tiles = false, pause }: Options = {},
): Promise<Looked> {
  const { manifest } = model;
  const timings = { letterbox: 0, inference: 0, recognition: 0 };
  const whole = { xmin: 0, ymin: 0, xmax: photo.width, ymax: photo.height };
  const wanted = minScore ?? manifest.score_threshold;
  const further = !tiles && (looks ?? manifest.looks ?? 1) === 2;
  // Scores that lose by a later look, and decide where that goes.
  const least = further ? Math.min(wanted, HINT) : wanted;
  let taken = 0;

  async function look(region: Box, distance = 1): Promise<Candidate[]> {
    if (taken > 0) await pause?.();
    taken += 1;
    const start = performance.now();
    const image = letterbox(crop(photo, region), inputOf(manifest), distance);
    const letterboxed = performance.now();
    const outputs = await model.run(image);
    const inferred = performance.now();
    const found = candidatesIn(outputs, region, manifest, least, distance);
    timings.letterbox += letterboxed - start;
    timings.inference += inferred - letterboxed;
    timings.recognition += performance.now() - inferred;
    return found;
  }

  let pooled = await look(whole);
  let closest: Box = whole;
  if (tiles) {
    for (const tile of tilesOf(photo, manifest.input)) {
      const found = await look(tile);
      pooled.push(...found.filter(({ box }) => wholeIn(tile, box, photo)));
    }
  } else if (further) {
    const found = () => suppress(pooled, manifest.suppression);
    if (tooClose(found(), photo, manifest.input)) {
      pooled = pool(pooled, await look(whole, AWAY));
    }
    const { regions, settled, faith } = again(found(), photo, manifest.input);
    const later: Candidate[] = [];
    for (const region of regions) later.push(...(await look(region)));
    if (regions.length > 0) closest = regions[0];
    if (regions.length > 0 || settled) pooled = pool(pooled, later, faith);
  }
  const start = performance.now();
  const findings = findingsOf(
    pooled.filter(({ score }) => score >= wanted),
    manifest,
    wanted,
  );
  timings.recognition += performance.now() - start;
  const certain = findings.detections.filter(({ score }) => score >= manifest.score_threshold);
  const heights = certain.map(({ box }) => box.ymax - box.ymin);
  const small = mayHideMore(heights, photo, sizeOf(closest), manifest.input);
  return { ...findings, looks: taken, small, timings };
}

/** Candidates of several looks; `faith` is what scores of the later ones count. */
function pool(earlier: Candidate[], later: Candidate[], faith = 1): Candidate[] {
  return [
    ...earlier.map((one) => counted(one, trust(one.score))),
    ...later.map((one) => counted(one, faith)),
  ];
}

function counted(one: Candidate, share: number): Candidate {
  const classScores = Float64Array.from(one.classScores, (score) => score * share);
  return { ...one, score: one.score * share, classScores };
}

/** The network's outputs of one look at a whole photo to detections and numbers. */
export function decode(
  outputs: Outputs,
  { width, height }: Size,
  manifest: Manifest,
  minScore: number = manifest.score_threshold,
): Findings {
  const whole = { xmin: 0, ymin: 0, xmax: width, ymax: height };
  return findingsOf(candidatesIn(outputs, whole, manifest, minScore), manifest, minScore);
}

/** Candidates of one look, their boxes in pixels of the photo that `region` is part of. */
function candidatesIn(
  { boxes, scores }: Outputs,
  region: Box,
  manifest: Manifest,
  minScore: number,
  distance = 1,
): Candidate[] {
  const found = candidates(boxes.values, scores.values, minScore, manifest.background_column);
  const size = sizeOf(region);
  return found.map((candidate) => {
    const box = toPhoto(Float64Array.from(candidate.box), size, manifest.input, distance);
    const shifted = box.map((side, index) => side + (index % 2 === 0 ? region.ymin : region.xmin));
    return { ...candidate, box: shifted };
  });
}

function findingsOf(pooled: Candidate[], manifest: Manifest, minScore: number): Findings {
  const kept = suppress(pooled, manifest.suppression);
  const detections = kept.classes.map((best, row) => {
    const others = kept.classScores[row]
      .map((score, index) => [manifest.classes[index], score] as const)
      .filter(([, score], index) => index !== best && score >= minScore);
    return {
      class: manifest.classes[best],
      score: kept.scores[row],
      box: boxAt(kept.boxes, row),
      ...(others.length > 0 && { others: Object.fromEntries(others) }),
    };
  });
  return { detections, numbers: numbersOf(detections, kept.boxes, manifest) };
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
