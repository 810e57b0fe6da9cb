/**
 * Detections to numbers in reading order: digits that stand together form a number, numbers form lines.
 *
 * The same routine as training/detector/reading.py; both are held to tests/vectors/recognition.json.
 */

/** Two boxes stand level when their centres differ by less than this part of the smaller height. */
const LEVEL = 0.5;
/** Digits of one number differ in height by less than this factor. */
const SIMILAR = 2;
/** Digits of one number stand apart by less than this part of the smaller height. */
const GAP = 1;

interface Place {
  left: number;
  right: number;
  centre: number;
  height: number;
}

/** A number: places from left to right, and their indices. */
interface Group {
  members: number[];
  left: number;
  centre: number;
  first: Place;
  last: Place;
}

/**
 * Groups boxes into numbers in reading order: `lines`, one after the other.
 *
 * @param boxes [k, 4] ymin, xmin, ymax, xmax, one unit for both axes
 * @returns the indices of each number's boxes from left to right
 */
export function numbers(boxes: Float64Array): number[][] {
  return lines(boxes).flat();
}

/**
 * Groups boxes into lines of numbers.
 *
 * Neighbours are linked pair by pair, digits to numbers and numbers to lines, so a tilted line stays one as long as what
 * faces each other stands level.
 *
 * @param boxes [k, 4] ymin, xmin, ymax, xmax, one unit for both axes
 * @returns lines from top to bottom, of each its numbers from left to right, of each the indices of its boxes from left
 *   to right
 */
export function lines(boxes: Float64Array): number[][][] {
  const places = placesOf(boxes);
  const groups = linked(places).map((members) => grouped(members, places));
  const found: Group[][] = [];
  // Sorting is stable, so ties keep the order of the groups, as in Python.
  for (const group of groups.sort((a, b) => a.left - b.left)) {
    const distance = (line: Group[]): number => apart(line[line.length - 1].last, group.first);
    const [nearest] = [...found].sort((a, b) => distance(a) - distance(b));
    if (found.length > 0 && distance(nearest) < 1) nearest.push(group);
    else found.push([group]);
  }
  const top = (line: Group[]): number => Math.min(...line.map(({ centre }) => centre));
  return found.sort((a, b) => top(a) - top(b)).map((line) => line.map(({ members }) => members));
}

function placesOf(boxes: Float64Array): Place[] {
  return Array.from({ length: boxes.length / 4 }, (_, index) => {
    const [ymin, xmin, ymax, xmax] = boxes.subarray(index * 4, index * 4 + 4);
    return { left: xmin, right: xmax, centre: (ymin + ymax) / 2, height: ymax - ymin };
  });
}

function grouped(members: number[], places: Place[]): Group {
  const middle = (index: number): number => places[index].left + places[index].right;
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  members.sort((a, b) => middle(a) - middle(b) || a - b);
  return {
    members,
    left: Math.min(...members.map((index) => places[index].left)),
    centre: mean(members.map((index) => places[index].centre)),
    first: places[members[0]],
    last: places[members[members.length - 1]],
  };
}

/** How far two boxes differ in height; from 1 on they don't stand level. */
function apart(a: Place, b: Place): number {
  const smaller = Math.min(a.height, b.height);
  // At the photo's edge, what is cut off may leave nothing of a box.
  return smaller > 0 ? Math.abs(a.centre - b.centre) / (LEVEL * smaller) : Infinity;
}

function standTogether(a: Place, b: Place): boolean {
  const smaller = Math.min(a.height, b.height);
  const gap = Math.max(a.left, b.left) - Math.min(a.right, b.right);
  return apart(a, b) < 1 && Math.max(a.height, b.height) < SIMILAR * smaller && gap < GAP * smaller;
}

/** Connected components of the relation "these two stand next to each other", by smallest index. */
function linked(places: Place[]): number[][] {
  const unseen = new Set(places.keys());
  const components: number[][] = [];
  for (const start of places.keys()) {
    if (!unseen.delete(start)) continue;
    const component = [start];
    // The list grows while it is walked: members bring their neighbours.
    for (const member of component) {
      for (const other of unseen) {
        if (standTogether(places[member], places[other])) {
          unseen.delete(other);
          component.push(other);
        }
      }
    }
    components.push(component);
  }
  return components;
}
