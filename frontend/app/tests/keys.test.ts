import { describe, expect, it } from 'vitest';
import { classOf, keyOf } from '../src/app/keys';

const DIGITS = Array.from('0123456789');
const ANIMALS = ['cat', 'cow', 'dog', 'Igel', '浣熊'];

describe('classOf', () => {
  it.each([
    ['7', undefined, DIGITS, '7'],
    ['d', undefined, ANIMALS, 'dog'],
    ['i', undefined, ANIMALS, 'Igel'],
    ['c', undefined, ANIMALS, 'cat'],
    ['c', 'cat', ANIMALS, 'cow'],
    ['c', 'cow', ANIMALS, 'cat'],
    ['2', 'dog', ANIMALS, 'cow'],
    ['5', undefined, ANIMALS, '浣熊'],
    ['6', undefined, ANIMALS, undefined],
    ['0', undefined, ANIMALS, undefined],
    ['Enter', undefined, ['Enter'], undefined],
    ['1', undefined, ['cat', '1'], '1'],
    ['-', undefined, ['+', '-'], '-'],
  ])('takes %j with %j of %j for %j', (key, present, classes, name) => {
    expect(classOf(key, present, classes)).toBe(name);
  });
});

describe('keyOf', () => {
  it.each([
    [DIGITS, DIGITS],
    [ANIMALS, ['1', '2', '3', '4', '5']],
    [
      ['cat', '1'],
      ['c', '1'],
    ],
    [Array.from({ length: 12 }, (_, index) => `kind ${String(index)}`), 9],
  ])('of %j', (classes, keys) => {
    const found = classes.map((name) => keyOf(name, classes));
    if (typeof keys === 'number')
      expect(found.filter((key) => key !== undefined)).toHaveLength(keys);
    else expect(found).toEqual(keys);
  });

  it('names no key that gives another class', () => {
    for (const classes of [DIGITS, ANIMALS, ['1', 'one', '2', 'two'], ['a', 'A', 'b']]) {
      for (const name of classes) {
        const key = keyOf(name, classes);
        if (key !== undefined) expect(classOf(key, undefined, classes)).toBe(name);
      }
    }
  });
});
