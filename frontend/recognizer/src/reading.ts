/**
 * Detections to numbers in reading order: digits that stand together form a number, numbers form lines.
 *
 * The same routine as training/detector/reading.py; both are held to tests/vectors/recognition.json.
 */

/** Two boxes stand level when their centres differ by less than this part of the smaller height. */
export const LEVEL = 0.5;
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

interface Group {
  members: number[];
  left: number;
  centre: number;
  height: number;
}

/**
 * Groups boxes into numbers in reading order.
 *
 * Neighbours are linked pair by pair, so a tilted line stays one number as long as each digit stands level with the
 * next.
 *
 * @param boxes [k, 4] ymin, xmin, ymax, xmax, one unit for both axes
 * @returns the indices of each number's boxes from left to right; lines from top to bottom, numbers of a line from left
 *   to right
 */
export function numbers(boxes: Float64Array): number[][] {
  const places = placesOf(boxes);
  const groups = linked(places).map((members) => grouped(members, places));
  // Sorting is stable, so ties keep the order of the groups, as in Python.
  const lines: Group[][] = [];
  for (const group of [...groups].sort((a, b) => a.centre - b.centre)) {
    const line = lines.find(([first]) => standsLevel(group, first));
    if (line === undefined) lines.push([group]);
    else line.push(group);
  }
  const order = new Map(groups.map((group, index) => [group, index]));
  const rank = (group: Group): number => order.get(group) ?? 0;
  return lines.flatMap((line) =>
    line.sort((a, b) => a.left - b.left || rank(a) - rank(b)).map((group) => group.members),
  );
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
  return {
    members: members.sort((a, b) => middle(a) - middle(b) || a - b),
    left: Math.min(...members.map((index) => places[index].left)),
    centre: mean(members.map((index) => places[index].centre)),
    height: mean(members.map((index) => places[index].height)),
  };
}

function standsLevel(a: Group | Place, b: Group | Place): boolean {
  return Math.abs(a.centre - b.centre) < LEVEL * Math.min(a.height, b.height);
}

function standTogether(a: Place, b: Place): boolean {
  const smaller = Math.min(a.height, b.height);
  const gap = Math.max(a.left, b.left) - Math.min(a.right, b.right);
  return (
    standsLevel(a, b) && Math.max(a.height, b.height) < SIMILAR * smaller && gap < GAP * smaller
  );
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
