/** Several readings of one photo, each at its own distance, to one: what one of them read is not read again by another. */
import type { Manifest } from '../model/manifest';
import { FAITH } from './looks';
import { numbers } from './reading';
import type { Kept } from './suppression';

/** Two boxes are of one object where they share this part of the smaller one: a distance may see it cut, or too wide. */
const SAME = 0.35;

/** One object of one reading. */
interface Member {
  /** index into the model's classes */
  class: number;
  score: number;
  box: Float64Array;
  classScores: number[];
}

/**
 * The best of the readings at each place. Numbers are compared as wholes, by the sum of their scores, so that the digits of
 * one distance don't come between those of another; what another reading has beside them is kept. What one distance alone
 * sees counts less: letters look like digits from close by.
 *
 * @param readings boxes in pixels of the photo; the first one has weighed its looks itself
 * @param thresholds [c] scores from which on objects form numbers; others are kept where nothing else is
 */
export function merged(readings: Kept[], thresholds: number[], reading: Manifest['reading']): Kept {
  const [first, ...closer] = readings.map(membersOf);
  const all = [
    first,
    ...closer.map((list, index) =>
      weighed(list, [first, ...closer.filter((_, other) => other !== index)].flat()),
    ),
  ];
  const isCertain = (member: Member): boolean => member.score >= thresholds[member.class];
  const groups = all.flatMap((list) => groupsOf(list.filter(isCertain), reading));
  const sum = (group: Member[]): number => group.reduce((total, { score }) => total + score, 0);
  const chosen: Member[] = [];
  for (const group of groups.sort((a, b) => sum(b) - sum(a))) {
    const others = [...chosen];
    chosen.push(...group.filter((member) => !others.some((other) => isSame(member, other))));
  }
  const rest = all.flat().filter((member) => !isCertain(member));
  for (const member of rest.sort((a, b) => b.score - a.score)) {
    if (!chosen.some((other) => isSame(member, other))) chosen.push(member);
  }
  chosen.sort((a, b) => b.score - a.score);
  return {
    classes: chosen.map((member) => member.class),
    scores: chosen.map(({ score }) => score),
    boxes: Float64Array.from(chosen.flatMap(({ box }) => [...box])),
    classScores: chosen.map(({ classScores }) => classScores),
  };
}

/** The members with what their scores count, by whether another reading sees the same. */
function weighed(list: Member[], others: Member[]): Member[] {
  return list.map((member) => {
    const share = others.some((other) => isSame(member, other)) ? 1 : FAITH;
    const classScores = member.classScores.map((score) => score * share);
    return { ...member, score: member.score * share, classScores };
  });
}

function membersOf({ classes, scores, boxes, classScores }: Kept): Member[] {
  return scores.map((score, row) => ({
    class: classes[row],
    score,
    box: boxes.subarray(row * 4, row * 4 + 4),
    classScores: classScores[row],
  }));
}

function groupsOf(members: Member[], kind: Manifest['reading']): Member[][] {
  if (kind === 'none') return members.map((member) => [member]);
  const boxes = Float64Array.from(members.flatMap(({ box }) => [...box]));
  return numbers(boxes).map((group) => group.map((index) => members[index]));
}

function isSame({ box: a }: Member, { box: b }: Member): boolean {
  const overlap =
    Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) *
    Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  return overlap > SAME * Math.min(area(a), area(b));
}

function area(box: Float64Array): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
}
