/**
 * Where to look at a photo again, enlarged.
 *
 * The second look is that of training/detector/looks.py; both are held to tests/vectors/looks.json.
 */
import type { Box, Size } from './letterbox';

/** Objects that score at least this part of the threshold decide where the second look goes. */
export const SURE = 0.5;

/** Tiles overlap by this part of their side: objects up to that size are whole in one of them. */
const OVERLAP = 0.25;
/** A tile is this many times as wide and high as the network's input, or larger where that makes too many. */
const REDUCTION = 1.5;
const MAX_TILES = 32;

/** The region around what the first look found, or nothing if it can't show more than the first look did. */
export function secondRegion(
  boxes: Float64Array,
  scores: number[],
  photo: Size,
  input: Size,
): Box | undefined {
  return undefined;
}

/** Overlapping parts that cover the photo; none if it is not larger than one of them. */
export function tilesOf(photo: Size, input: Size): Box[] {
  for (let reduction = REDUCTION; ; reduction *= 1.1) {
    const width = Math.min(photo.width, Math.ceil(input.width * reduction));
    const height = Math.min(photo.height, Math.ceil(input.height * reduction));
    const columns = starts(photo.width, width);
    const rows = starts(photo.height, height);
    if (columns.length * rows.length === 1) return [];
    if (columns.length * rows.length > MAX_TILES) continue;
    return rows.flatMap((ymin) =>
      columns.map((xmin) => ({ xmin, ymin, xmax: xmin + width, ymax: ymin + height })),
    );
  }
}

/** First pixels of parts of the given length, evenly spread. */
function starts(whole: number, part: number): number[] {
  const steps = Math.ceil((whole - part) / (part * (1 - OVERLAP)));
  if (steps === 0) return [0];
  return Array.from({ length: steps + 1 }, (_, step) =>
    Math.round(((whole - part) * step) / steps),
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
