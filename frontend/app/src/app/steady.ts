/** Live video without flicker: objects are followed from picture to picture, and their boxes move smoothly. */
import type { Box, Detection } from '@digitlens/recognizer';

/** Two boxes of one class that overlap at least so much are one object. */
const SAME = 0.3;
/** Share of the way that a box goes towards where it is seen: small moves are mostly noise, large ones are followed. */
const SLOW = 0.35;
/** A move by this part of the box's size is followed at once. */
const FAST = 0.5;
/** Pictures on which an object may be missed before it goes. */
const PATIENCE = 2;
/** Pictures that an object must be seen on before it is shown, the present one included. */
const PROOF = 2;

interface Track {
  seen: Detection;
  hits: number;
  missed: number;
}

/** Follows the objects of one camera. */
export class Steady {
  private tracks: Track[] = [];

  /**
   * Takes what was found on the next picture.
   *
   * @returns what is to be shown, surest first: what was seen twice, and what was missed only just now
   */
  add(found: Detection[]): Detection[] {
    const isFirst = this.tracks.length === 0;
    const free = new Set(this.tracks);
    const next: Track[] = [];
    for (const one of found) {
      const track = nearest(free, one);
      if (track) free.delete(track);
      next.push(
        track
          ? { seen: moved(track.seen, one), hits: track.hits + 1, missed: 0 }
          : // The first picture is shown at once: nothing was there that could flicker.
            { seen: one, hits: isFirst ? PROOF : 1, missed: 0 },
      );
    }
    const proven = next.filter(({ hits }) => hits >= PROOF);
    for (const { seen, hits, missed } of free) {
      // An object of another class, seen twice in its place, is what it was taken for.
      const isReplaced = proven.some((other) => iou(other.seen.box, seen.box) >= SAME);
      if (!isReplaced && missed < PATIENCE && hits >= PROOF) {
        next.push({ seen, hits, missed: missed + 1 });
      }
    }
    this.tracks = next;
    return next
      .filter(({ hits }) => hits >= PROOF)
      .map(({ seen }) => seen)
      .sort((one, other) => other.score - one.score);
  }
}

function nearest(tracks: ReadonlySet<Track>, found: Detection): Track | undefined {
  let [best, most]: [Track | undefined, number] = [undefined, SAME];
  for (const track of tracks) {
    if (track.seen.class !== found.class) continue;
    const overlap = iou(track.seen.box, found.box);
    if (overlap >= most) [best, most] = [track, overlap];
  }
  return best;
}

function moved(from: Detection, to: Detection): Detection {
  const size = Math.max(1, Math.min(to.box.xmax - to.box.xmin, to.box.ymax - to.box.ymin));
  const sides = ['xmin', 'ymin', 'xmax', 'ymax'] as const;
  const distance = Math.max(...sides.map((side) => Math.abs(to.box[side] - from.box[side])));
  const share = Math.min(1, SLOW + (distance / size / FAST) * (1 - SLOW));
  const between = (one: number, other: number): number => one + (other - one) * share;
  return {
    ...to,
    score: between(from.score, to.score),
    box: {
      xmin: between(from.box.xmin, to.box.xmin),
      ymin: between(from.box.ymin, to.box.ymin),
      xmax: between(from.box.xmax, to.box.xmax),
      ymax: between(from.box.ymax, to.box.ymax),
    },
  };
}

function iou(one: Box, other: Box): number {
  const width = Math.min(one.xmax, other.xmax) - Math.max(one.xmin, other.xmin);
  const height = Math.min(one.ymax, other.ymax) - Math.max(one.ymin, other.ymin);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (area(one) + area(other) - both);
}

function area({ xmin, ymin, xmax, ymax }: Box): number {
  return (xmax - xmin) * (ymax - ymin);
}
