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
import { thresholdsOf } from './scores';
import { merged } from './merging';
import { candidates, suppress, type Candidate, type Kept } from './suppression';

export interface Options {
  /** detections that score less are left out; the model's own thresholds if not given */
  minScore?: number | undefined;
  /** the manifest's number if not given */
  looks?: 1 | 2 | undefined;
  /** look at overlapping tiles of the photo too, at several distances */
  tiles?: boolean | undefined;
  /** waited for between looks; ends the work by throwing */
  pause?: () => Promise<void>;
}

/** What came of all looks at a photo. */
export interface Looked extends Findings {
  /** with tiles: what was found without them */
  earlier?: Findings;
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
  const thresholds = thresholdsOf(manifest);
  const wanted = minScore ?? Math.min(...thresholds);
  const further = (looks ?? manifest.looks ?? 1) === 2;
  // Scores that lose by a later look, and decide where that goes.
  const least = further || tiles ? Math.min(wanted, HINT) : wanted;
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
  if (further) {
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
  const readings = [
    suppress(tiles ? pooled : pooled.filter(({ score }) => score >= wanted), manifest.suppression),
  ];
  for (const level of tiles ? tilesOf(photo, manifest.input) : []) {
    const found: Candidate[] = [];
    for (const tile of level) {
      found.push(...(await look(tile)).filter(({ box }) => wholeIn(tile, box, photo)));
    }
    readings.push(suppress(found, forParts(manifest.suppression, level.length)));
  }
  const start = performance.now();
  const asked = { manifest, minScore };
  const earlier = findingsOf(readings[0], asked);
  const findings =
    readings.length === 1
      ? earlier
      : findingsOf(merged(readings, thresholds, manifest.reading), asked);
  timings.recognition += performance.now() - start;
  const heights = findings.numbers.flatMap(({ indices }) =>
    indices.map((index) => findings.detections[index].box).map((box) => box.ymax - box.ymin),
  );
  const small = mayHideMore(heights, photo, sizeOf(closest), manifest.input);
  return { ...findings, ...(tiles && { earlier }), looks: taken, small, timings };
}

/** So much as each of the parts may show. */
function forParts(suppression: Manifest['suppression'], count: number): Manifest['suppression'] {
  const { max_candidates: candidates, max_detections: detections } = suppression;
  return {
    ...suppression,
    max_candidates: candidates * count,
    max_detections: detections * count,
  };
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
  minScore?: number,
): Findings {
  const whole = { xmin: 0, ymin: 0, xmax: width, ymax: height };
  const least = minScore ?? Math.min(...thresholdsOf(manifest));
  const kept = suppress(candidatesIn(outputs, whole, manifest, least), manifest.suppression);
  return findingsOf(kept, { manifest, minScore });
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

/** What is kept in words: all that reaches `minScore`, or else the thresholds of its class. */
function findingsOf(
  kept: Kept,
  { manifest, minScore }: { manifest: Manifest; minScore: number | undefined },
): Findings {
  const thresholds = thresholdsOf(manifest);
  const least = minScore ?? Math.min(...thresholds);
  const rows = [...kept.classes.keys()].filter(
    (row) => kept.scores[row] >= (minScore ?? thresholds[kept.classes[row]]),
  );
  const detections = rows.map((row) => {
    const best = kept.classes[row];
    const others = kept.classScores[row]
      .map((score, index) => [manifest.classes[index], score] as const)
      .filter(([, score], index) => index !== best && score >= least);
    return {
      class: manifest.classes[best],
      score: kept.scores[row],
      box: boxAt(kept.boxes, row),
      ...(others.length > 0 && { others: Object.fromEntries(others) }),
    };
  });
  const certain = [...rows.keys()].filter((index) => {
    const row = rows[index];
    return kept.scores[row] >= thresholds[kept.classes[row]];
  });
  return { detections, numbers: numbersOf(detections, certain, manifest) };
}

export function inputOf(manifest: Manifest): Input {
  const { width, height, letterbox } = manifest.input;
  return { width, height, fill: letterbox.fill };
}

/** @param certain positions in the list of detections, of those that reach their thresholds */
function numbersOf(
  detections: Detection[],
  certain: number[],
  manifest: Manifest,
): DetectedNumber[] {
  const corners = certain.flatMap((index) => {
    const { ymin, xmin, ymax, xmax } = detections[index].box;
    return [ymin, xmin, ymax, xmax];
  });
  const groups =
    manifest.reading === 'lines'
      ? inReadingOrder(Float64Array.from(corners))
      : certain.map((_, index) => [index]);
  return groups
    .map((group) => group.map((index) => certain[index]))
    .map((indices) => {
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
