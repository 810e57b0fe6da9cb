/**
 * Where to look at a photo again: from further away where objects may be too large, then at numbers and at print, enlarged.
 *
 * The same routine as training/detector/looks.py; both are held to tests/vectors/looks.json.
 */
import { sizeOf, type Box, type Size } from './letterbox';
import { numbers } from './reading';

/** Objects that score at least this decide where to look again. */
const SURE = 0.3;
/** The look from further away sees the photo in half the size. */
export const AWAY = 2;
/** It is taken where an object is higher than this part of the input, or none is sure. */
const TALL = 0.3;
/** A number beside the surest is looked at again where its objects score so much on average. */
const CLEAR = 0.5;
/** How many are looked at again at most: each takes as long as the first look. */
const NUMBERS = 3;
/** So many numbers are looked at all together, in four parts of the photo: a table, a calendar. */
const CROWD = 6;
/** Small print scores little: `LOW` objects of this score and more are taken for it, where they make over `NUMBERS`. */
export const HINT = 0.1;
/** Print is lower than this part of the input's height. */
const LOW = 0.07;
/** Room around a number, as part of its highest object's height. */
const MARGIN = 0.6;
/** A look at a part enlarges at least this much, or it isn't worth its time. */
const GAIN = 1.2;
/** A number whose objects all score this much and are `LEGIBLE` was read: no further look is spent on it. */
const CERTAIN = 0.55;
/** So high, as part of the input's height. */
const LEGIBLE = 0.15;
/**
 * What scores of a look below `CERTAIN` count where there could be later ones: what it alone saw has to be clear. The same
 * goes for all that looks at print see, which is letters above all.
 */
export const FAITH = 0.6;

/** Parts and tiles overlap by this part of their side: objects up to that size are whole in one of them. */
const OVERLAP = 0.25;
/** A tile is this many times as wide and high as the network's input, or larger where that makes too many. */
const REDUCTION = 1.5;
/** At the closest distance; of long photos more, by how long they are. */
const MAX_TILES = 32;
/** Tiles of the next distance are so many times as wide and high. */
const STRIDE = 2;
/** Objects that are less high than this in the network's input are small. */
const SMALL = 12;
/** A photo that is longer than this many times its width is scaled down until little is left of it. */
const LONG = 2.5;

/** Detections, best first: boxes [k, 4] ymin, xmin, ymax, xmax in pixels of the photo, and scores [k]. */
export interface Found {
  boxes: Float64Array;
  scores: number[];
}

/** Whether to look from further away, by what the first look found: arguments as of `again`. */
export function tooClose(found: Found, photo: Size, input: Size): boolean {
  const sure = above(SURE, found);
  if (sure.scores.length === 0) return !isPrint(found, photo, input);
  return highest(rows(sure)) * scaleOf(photo, input) > TALL * input.height;
}

/** What is left to be looked at. */
export interface Again {
  /**
   * of numbers that gain by another look, the surest first, or of parts that cover the photo; in whole pixels, `xmax` and
   * `ymax` exclusive
   */
  regions: Box[];
  /** whether a number gains nothing by it, since it was read for certain */
  settled: boolean;
  /** what scores of these looks count */
  faith: number;
}

/** What the scores of a place count by which an earlier look saw, once there could be a later one; `best` is the highest. */
export function trust(best: number): number {
  return best >= CERTAIN ? 1 : FAITH;
}

/**
 * The regions to look at again: those of the surest numbers, where there is something to gain. Where there are too many, it
 * is four parts of the photo, and nine where they are small print.
 *
 * A number is what stands together, of whatever class; the surest has the largest sum of scores. Another that isn't
 * clear is more often a false alarm, and is left to what the first look makes of it.
 *
 * @param found so far, from a score of `HINT` on
 * @param input size of the network's input
 */
export function again(found: Found, photo: Size, input: Size): Again {
  const scale = scaleOf(photo, input);
  if (isPrint(found, photo, input)) {
    return { regions: partsOf(photo, 3), settled: false, faith: FAITH };
  }
  const sure = above(SURE, found);
  const groups = numbers(sure.boxes);
  if (groups.length >= CROWD) return { regions: partsOf(photo, 2), settled: false, faith: 1 };
  const sums = groups.map((group) => ({
    group,
    sum: group.reduce((sum, row) => sum + sure.scores[row], 0),
  }));
  const legible = (LEGIBLE * input.height) / scale;
  const gaining = sums
    .sort((one, other) => other.sum - one.sum)
    .filter(({ group, sum }, rank) => rank === 0 || sum >= CLEAR * group.length)
    .slice(0, NUMBERS)
    .map(({ group }) => {
      const boxes = rows(sure).filter((_, row) => group.includes(row));
      const isRead =
        group.every((row) => sure.scores[row] >= CERTAIN) &&
        boxes.every(([ymin, , ymax]) => ymax - ymin >= legible);
      return { isRead, region: around(boxes, photo) };
    })
    .filter(({ region }) => scaleOf(sizeOf(region), input) >= GAIN * scale);
  return {
    regions: gaining.filter(({ isRead }) => !isRead).map(({ region }) => region),
    settled: gaining.some(({ isRead }) => isRead),
    faith: 1,
  };
}

function isPrint(found: Found, photo: Size, input: Size): boolean {
  const scale = scaleOf(photo, input);
  const low = rows(above(HINT, found)).filter(
    ([ymin, , ymax]) => (ymax - ymin) * scale < LOW * input.height,
  );
  return numbers(Float64Array.from(low.flatMap((box) => [...box]))).length > NUMBERS;
}

/** Overlapping parts that cover a photo, row by row: `across` side by side and as many rows. */
function partsOf(photo: Size, across: number): Box[] {
  const steps = across - 1;
  const part = (side: number): number => Math.ceil(side / (across - steps * OVERLAP));
  const [width, height] = [part(photo.width), part(photo.height)];
  return starts(photo.height, height, steps).flatMap((ymin) =>
    starts(photo.width, width, steps).map((xmin) => boxFrom(xmin, ymin, width, height)),
  );
}

function boxFrom(xmin: number, ymin: number, width: number, height: number): Box {
  return { xmin, ymin, xmax: xmin + width, ymax: ymin + height };
}

/** The region of objects with some room. */
function around(boxes: Float64Array[], photo: Size): Box {
  const margin = MARGIN * highest(boxes);
  const side = (index: number): number[] => boxes.map((box) => box[index]);
  return {
    ymin: Math.max(0, Math.floor(Math.min(...side(0)) - margin)),
    xmin: Math.max(0, Math.floor(Math.min(...side(1)) - margin)),
    ymax: Math.min(photo.height, Math.ceil(Math.max(...side(2)) + margin)),
    xmax: Math.min(photo.width, Math.ceil(Math.max(...side(3)) + margin)),
  };
}

/** Detections are sorted, best first. */
function above(least: number, { boxes, scores }: Found): Found {
  const count = scores.filter((score) => score >= least).length;
  return { boxes: boxes.subarray(0, count * 4), scores: scores.slice(0, count) };
}

function rows({ boxes, scores }: Found): Float64Array[] {
  return scores.map((_, row) => boxes.subarray(row * 4, row * 4 + 4));
}

function highest(boxes: Float64Array[]): number {
  return Math.max(...boxes.map(([ymin, , ymax]) => ymax - ymin));
}

/**
 * Whether tiles may find more: the looks reduced the photo much, and found nothing, or what was small even so.
 *
 * @param heights of the objects that are certain, in pixels of the photo
 * @param seen part of the photo that was looked at most closely
 */
export function mayHideMore(heights: number[], photo: Size, seen: Size, input: Size): boolean {
  if (scaleOf(photo, input) > 1 / 2) return false;
  // Where further looks go depends on the first, which on a long photo may have missed as much as it found.
  const isLong = Math.max(photo.width / photo.height, photo.height / photo.width) > LONG;
  const scale = scaleOf(isLong ? photo : seen, input);
  return heights.length === 0 || heights.some((height) => height * scale < SMALL);
}

function scaleOf(photo: Size, input: Size): number {
  return Math.min(input.width / photo.width, input.height / photo.height);
}

/**
 * Overlapping parts that cover the photo, at several distances: the closest first, each of the next `STRIDE` times as large,
 * as long as they are smaller than the photo. None if it is not larger than one of them.
 */
export function tilesOf(photo: Size, input: Size): Box[][] {
  const length = Math.max(photo.width / photo.height, photo.height / photo.width);
  const most = MAX_TILES * Math.max(1, length / LONG);
  let reduction = REDUCTION;
  while (partsAt(reduction, photo, input).length > most) reduction *= 1.1;
  const levels: Box[][] = [];
  for (; ; reduction *= STRIDE) {
    const parts = partsAt(reduction, photo, input);
    if (parts.length === 1) return levels;
    levels.push(parts);
  }
}

/** Parts `reduction` times as wide and high as the network's input. */
function partsAt(reduction: number, photo: Size, input: Size): Box[] {
  const width = Math.min(photo.width, Math.ceil(input.width * reduction));
  const height = Math.min(photo.height, Math.ceil(input.height * reduction));
  const columns = stepsOver(photo.width, width);
  const rows = stepsOver(photo.height, height);
  return starts(photo.height, height, rows).flatMap((ymin) =>
    starts(photo.width, width, columns).map((xmin) => boxFrom(xmin, ymin, width, height)),
  );
}

/** How many steps from the first to the last of overlapping parts. */
function stepsOver(whole: number, part: number): number {
  return Math.ceil((whole - part) / (part * (1 - OVERLAP)));
}

/** First pixels of parts of the given length, evenly spread. */
function starts(whole: number, part: number, steps: number): number[] {
  return Array.from({ length: steps + 1 }, (_, step) =>
    Math.floor(((whole - part) * step) / Math.max(1, steps)),
  );
}

/** Whether a box [ymin, xmin, ymax, xmax] keeps away from those edges of a tile that are not the photo's: no cut object. */
export function wholeIn(tile: Box, box: ArrayLike<number>, photo: Size): boolean {
  const [x, y] = [(tile.xmax - tile.xmin) / 100, (tile.ymax - tile.ymin) / 100];
  return (
    (tile.ymin === 0 || box[0] > tile.ymin + y) &&
    (tile.xmin === 0 || box[1] > tile.xmin + x) &&
    (tile.ymax === photo.height || box[2] < tile.ymax - y) &&
    (tile.xmax === photo.width || box[3] < tile.xmax - x)
  );
}
