/**
 * Detections to numbers in reading order: digits that stand together form a number, numbers form lines.
 *
 * The same routine as training/detector/reading.py; both are held to tests/vectors/recognition.json.
 */

/** Two boxes stand level when their centres differ by less than this part of their height. */
const LEVEL = 0.5;
/** Rise by run of the steepest line that a number is written on: 45 degrees, and what boxes are off by. */
const STEEP = 1.25;
/** Neighbours on such a line differ in height by less than this part of theirs: lines of a text differ by more. */
const SLANTED = 1.1;
/** Digits of one number that face each other differ in height by less than this factor: seen from aside, they grow. */
const SIMILAR = 2.2;
/** Digits of one number stand apart by less than this part of the smaller height. */
const GAP = 1;
/** The same of digits that stand one upon another. */
const STACKED = 0.5;

interface Place {
  top: number;
  bottom: number;
  left: number;
  right: number;
  centre: number;
  middle: number;
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
 * faces each other stands level, or on the slant of its number. Digits that are alone on their lines, one upon another,
 * are a number, too.
 *
 * @param boxes [k, 4] ymin, xmin, ymax, xmax, one unit for both axes
 * @returns lines from top to bottom, of each its numbers from left to right, of each the indices of its boxes from left
 *   to right, or from top to bottom
 */
export function lines(boxes: Float64Array): number[][][] {
  const places = placesOf(boxes);
  const groups = linked(places).map((members) => grouped(members, places));
  const found: Group[][] = [];
  // Sorting is stable, so ties keep the order of the groups, as in Python.
  for (const group of groups.sort((a, b) => a.left - b.left)) {
    const distance = (line: Group[]): number => apart(line[line.length - 1], group);
    const [nearest] = [...found].sort((a, b) => distance(a) - distance(b));
    if (found.length > 0 && distance(nearest) < 1) nearest.push(group);
    else found.push([group]);
  }
  const top = (line: Group[]): number => Math.min(...line.map(({ centre }) => centre));
  const sorted = found
    .sort((a, b) => top(a) - top(b))
    .map((line) => line.map(({ members }) => members));
  return stacked(sorted, places);
}

function placesOf(boxes: Float64Array): Place[] {
  return Array.from({ length: boxes.length / 4 }, (_, index) => {
    const [ymin, xmin, ymax, xmax] = boxes.subarray(index * 4, index * 4 + 4);
    return {
      top: ymin,
      bottom: ymax,
      left: xmin,
      right: xmax,
      centre: (ymin + ymax) / 2,
      middle: (xmin + xmax) / 2,
      height: ymax - ymin,
    };
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

/** How far two boxes differ in height, but for a `rise`; from 1 on they don't stand level. */
function level(a: Place, b: Place, rise = 0): number {
  const smaller = Math.min(a.height, b.height);
  // At the photo's edge, what is cut off may leave nothing of a box.
  return smaller > 0 ? Math.abs(b.centre - a.centre - rise) / (LEVEL * smaller) : Infinity;
}

/** Rise by run of a number's line; 0 for one of a digit. */
function slope({ first, last }: Group): number {
  const run = last.middle - first.middle;
  return run > 0 ? (last.centre - first.centre) / run : 0;
}

/** How far a number's first digit stands from another's last in height, or from where its slant leads. */
function apart(left: Group, right: Group): number {
  const run = right.first.middle - left.last.middle;
  for (const one of [left, right]) {
    if (level(one.first, one.last) >= 1) return level(left.last, right.first, slope(one) * run);
  }
  // Of two digits, what they differ by may be chance.
  const slopes = [0, ...[left, right].filter(({ members }) => members.length > 2).map(slope)];
  return Math.min(...slopes.map((rise) => level(left.last, right.first, rise * run)));
}

/** How two digits stand to each other: on a level or on a slanted line, close and alike, or not at all. */
function standing(a: Place, b: Place): 'level' | 'slanted' | undefined {
  const smaller = Math.min(a.height, b.height);
  const larger = Math.max(a.height, b.height);
  const gap = Math.max(a.left, b.left) - Math.min(a.right, b.right);
  if (larger >= SIMILAR * smaller || gap >= GAP * smaller) return undefined;
  const height = (smaller + larger) / 2;
  const rise = Math.abs(b.centre - a.centre);
  if (rise < LEVEL * height) return 'level';
  return rise < SLANTED * height && rise <= STEEP * Math.abs(b.middle - a.middle)
    ? 'slanted'
    : undefined;
}

/** Of every two digits whether they stand next to each other. */
function links(places: Place[]): boolean[][] {
  const kinds = places.map((a) => places.map((b) => standing(a, b)));
  // From each digit to each on its right; of two in one place, the first stands left.
  const distances = places.map((a, row) =>
    places.map((b, column) => {
      const run = b.middle - a.middle;
      const isAhead = run > 0 || (run === 0 && column > row);
      return kinds[row][column] && isAhead ? (b.centre - a.centre) ** 2 + run ** 2 : Infinity;
    }),
  );
  const right = distances.map((row) => Math.min(...row));
  const left = places.map((_, column) => Math.min(...distances.map((row) => row[column])));
  const isLinked = (row: number, column: number): boolean => {
    const distance = distances[row][column];
    if (distance === Infinity) return false;
    // What is level beyond both's neighbours is another line's where lines are slanted.
    return kinds[row][column] === 'level'
      ? distance === right[row] || distance === left[column]
      : distance === right[row] && distance === left[column];
  };
  return places.map((_, row) =>
    places.map((_, column) => isLinked(row, column) || isLinked(column, row)),
  );
}

/** Connected components of the relation "these two stand next to each other", by smallest index. */
function linked(places: Place[]): number[][] {
  const beside = links(places);
  const unseen = new Set(places.keys());
  const components: number[][] = [];
  for (const start of places.keys()) {
    if (!unseen.delete(start)) continue;
    const component = [start];
    // The list grows while it is walked: members bring their neighbours.
    for (const member of component) {
      for (const other of unseen) {
        if (beside[member][other]) {
          unseen.delete(other);
          component.push(other);
        }
      }
    }
    components.push(component);
  }
  return components;
}

/** The lines, of which those of one digit, one upon another, are joined to one number. */
function stacked(found: number[][][], places: Place[]): number[][][] {
  const joined: number[][][] = [];
  let stack: number[] = [];
  for (const line of found) {
    const [[first]] = line;
    if (line.length > 1 || line[0].length > 1) {
      stack = [];
      joined.push(line);
    } else if (stack.length > 0 && standsOn(places[stack[stack.length - 1]], places[first])) {
      stack.push(first);
    } else {
      stack = [first];
      joined.push([stack]);
    }
  }
  return joined;
}

function standsOn(upper: Place, lower: Place): boolean {
  const smaller = Math.min(upper.height, lower.height);
  return (
    Math.max(upper.height, lower.height) < SIMILAR * smaller &&
    Math.abs(lower.middle - upper.middle) < LEVEL * smaller &&
    lower.top - upper.bottom < STACKED * smaller
  );
}
