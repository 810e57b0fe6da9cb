import { describe, expect, it } from 'vitest';
import { Steady } from '../src/app/steady';

function cat(left: number, score = 0.9, name = 'cat') {
  return { class: name, score, box: { xmin: left, ymin: 0, xmax: left + 100, ymax: 100 } };
}
const lefts = (found: ReturnType<Steady['add']>): number[] => found.map(({ box }) => box.xmin);
const names = (found: ReturnType<Steady['add']>): string[] => found.map((one) => one.class);

describe('Steady', () => {
  it('shows at once what the first picture has, and later what was seen twice', () => {
    const steady = new Steady();
    expect(names(steady.add([cat(0)]))).toEqual(['cat']);
    expect(names(steady.add([cat(0), cat(300, 0.5, 'dog')]))).toEqual(['cat']);
    expect(names(steady.add([cat(0), cat(300, 0.5, 'dog')]))).toEqual(['cat', 'dog']);
  });

  it('keeps what is missed on a picture or two, and no longer', () => {
    const steady = new Steady();
    steady.add([cat(0)]);
    expect([steady.add([]), steady.add([]), steady.add([])].map((found) => found.length)).toEqual([
      1, 1, 0,
    ]);
  });

  it('halves trembling, at least, and follows what moves', () => {
    const steady = new Steady();
    const trembling = Array.from(
      { length: 40 },
      (_, index) => lefts(steady.add([cat(index % 2 ? 4 : -4)]))[0],
    );
    const late = trembling.slice(10);
    expect(Math.max(...late) - Math.min(...late)).toBeLessThan(4);
    expect(lefts(steady.add([cat(40)]))[0]).toBeGreaterThan(30);
  });

  it('takes two objects side by side for two', () => {
    const steady = new Steady();
    for (let count = 0; count < 5; count++) {
      expect(lefts(steady.add([cat(count), cat(150 - count)])).length).toBe(2);
    }
  });

  it('shows one thing where an object turns out to be of another class', () => {
    const steady = new Steady();
    steady.add([cat(0)]);
    expect(names(steady.add([cat(0, 0.9, 'dog')]))).toEqual(['cat']);
    expect(names(steady.add([cat(0, 0.9, 'dog')]))).toEqual(['dog']);
  });
});
