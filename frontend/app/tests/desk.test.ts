import type { Detection, Manifest } from '@digitlens/recognizer';
import { describe, expect, it } from 'vitest';
import { entryOf, findsOf, following, isDone, namedOf, type Entry } from '../src/desk/entries';
import { proposalsOf, surenessOf } from '../src/desk/proposals';

const box = { xmin: 1, ymin: 2, xmax: 3, ymax: 4 };
const found = (name: string, score = 1): Detection => ({ class: name, score, box });

function entry(id: number, change: Partial<Entry> = {}): Entry {
  const listed = { name: `${String(id)}.jpg`, width: 20, height: 10, objects: null };
  return { ...entryOf(listed, id), ...change };
}

describe('entries', () => {
  it('have what the file says before what the model saw, and a person’s work before both', () => {
    const kept = entryOf(
      { name: 'a', width: 1, height: 1, objects: [{ class: 'cat', ...box }] },
      0,
    );
    const seen = { ...kept, proposed: [found('dog', 0.5)] };
    expect(findsOf(seen, true)).toEqual([found('cat')]);
    expect(findsOf({ ...seen, kept: null }, true)).toEqual([found('dog', 0.5)]);
    expect(findsOf({ ...seen, work: [[found('cow')], []] }, true)).toEqual([]);
  });

  it('wait for the model where there is one', () => {
    expect(findsOf(entry(0), true)).toBeUndefined();
    expect(findsOf(entry(0), false)).toEqual([]);
  });

  it.each([
    [{}, false],
    [{ proposed: [found('cat')] }, false],
    [{ kept: [] }, true],
    [{ isConfirmed: true }, true],
    [{ work: [[]] }, true],
  ])('%j are done: %j', (change, isIt) => {
    expect(isDone(entry(0, change))).toBe(isIt);
  });

  it('count what has a name', () => {
    expect(namedOf([found(''), found('cat')])).toEqual([found('cat')]);
  });
});

describe('following', () => {
  const order = (entries: Entry[]): number[] => {
    const ids: number[] = [];
    for (let rest = entries; ; rest = rest.filter(({ id }) => !ids.includes(id))) {
      const next = following(rest);
      if (!next) return ids;
      ids.push(next.id);
    }
  };

  it('goes from the least sure on, then through what the model hasn’t seen, what was skipped last', () => {
    const entries = [
      entry(0, { sureness: 0.1, isSkipped: true }),
      entry(1, { sureness: 0.9 }),
      entry(2),
      entry(3, { sureness: 0 }),
      entry(4, { sureness: 0.4, kept: [] }),
      entry(5, { sureness: 0.2, problem: 'damaged' }),
      entry(6, { sureness: 0.9 }),
      entry(7),
    ];
    expect(order(entries)).toEqual([3, 1, 6, 2, 7, 0]);
  });

  it('is by name without a model', () => {
    expect(order([entry(0), entry(1), entry(2)])).toEqual([0, 1, 2]);
  });

  it('is another than the photo that is shown', () => {
    expect(following([entry(0), entry(1)], 0)?.id).toBe(1);
    expect(following([entry(0)], 0)).toBeUndefined();
  });
});

describe('proposals', () => {
  const manifest = {
    score_threshold: 0.3,
    score_calibration: { scores: [0, 1], probabilities: [0.5, 1] },
  } as Manifest;
  const seen = (...detections: Detection[]): Parameters<typeof proposalsOf>[0] => ({
    ...{ detections, width: 10, height: 5 },
  });
  const size = { width: 20, height: 10 };

  it('lie in the photo’s own pixels', () => {
    const [one] = proposalsOf(seen(found('cat')), manifest, ['cat'], size);
    expect(one.box).toEqual({ xmin: 2, ymin: 4, xmax: 6, ymax: 8 });
  });

  it.each([
    ['cat', ['cat', 'dog'], 'cat'],
    ['Cat', ['cat', 'dog'], 'cat'],
    ['owl', ['cat', 'dog'], ''],
    ['cat', ['CAT', 'Cat'], ''],
    ['cat', ['CAT', 'cat'], 'cat'],
  ])('of the class %j have of %j the name %j', (name, classes, own) => {
    expect(proposalsOf(seen(found(name)), manifest, classes, size)[0].class).toBe(own);
  });

  it('are what the model is content with', () => {
    expect(proposalsOf(seen(found('cat', 0.2)), manifest, ['cat'], size)).toEqual([]);
  });

  it('are as sure as the least sure of them', () => {
    expect(surenessOf([found('cat', 0.8), found('cat', 0.4)], manifest)).toBeCloseTo(0.7);
    expect(surenessOf([], manifest)).toBe(0);
  });
});
