import { describe, expect, it } from 'vitest';
import { pluralOf } from '../src/app/plurals';
import { text } from '../src/app/text';

describe('pluralOf', () => {
  it.each([
    ['raccoon', 'raccoons'],
    ['box', 'boxes'],
    ['bus', 'buses'],
    ['glass', 'glasses'],
    ['berry', 'berries'],
    ['key', 'keys'],
    ['knife', 'knives'],
    ['leaf', 'leaves'],
    ['person', 'people'],
    ['Person', 'People'],
    ['woman', 'women'],
    ['fireman', 'firemen'],
    ['mouse', 'mice'],
    ['sheep', 'sheep'],
    ['goldfish', 'goldfish'],
    ['Platelets', 'Platelets'],
    ['red cell', 'red cells'],
    ['black-bishop', 'black-bishops'],
    ['café', 'cafés'],
  ])('makes %s into %s', (one, many) => {
    expect(pluralOf(one)).toBe(many);
  });

  it.each([
    'WBC',
    '浣熊',
    '🦝',
    'a/b/raccoon',
    'stop_sign',
    'class 7',
    '"q"',
    'é',
    '7',
    'x',
    '<b>',
    'Ёж',
  ])('leaves %s alone, and counts it as it stands', (name) => {
    expect(pluralOf(name)).toBeUndefined();
    expect(text.counted(name, 2)).toBe(`2 × ${name}`);
  });

  it('is used where the language asks for it', () => {
    expect([0, 1, 2].map((count) => text.counted('cat', count))).toEqual([
      '0 cats',
      '1 cat',
      '2 cats',
    ]);
  });
});
