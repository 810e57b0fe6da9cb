import { describe, expect, it } from 'vitest';
import { identityOf } from '../src/app/identity';

const DIGITS = Array.from('0123456789');
const none = 'none' as const;

function named(classes: string[], name = 'model'): string {
  return identityOf({ name, classes, reading: none }).name;
}

describe('identityOf', () => {
  it('is ours where digits are read, whatever the model is called', () => {
    const ours = identityOf({ name: 'digits-3', classes: DIGITS, reading: 'lines' });
    expect(ours).toMatchObject({ name: 'digitlens', icon: { kind: 'digits' } });
    expect(ours.promise).toBe(
      'Reads the numbers on a photo, in your browser. Nothing is uploaded.',
    );
  });

  it('is of the objects where there are few kinds', () => {
    expect(named(['raccoon'])).toBe('Raccoons');
    expect(named(['RBC', 'WBC', 'Platelets'])).toBe('RBC, WBC and Platelets');
    expect(named(['浣熊'])).toBe('浣熊');
  });

  it('is the model’s where there are many, or their names are long', () => {
    const pieces = ['bishop', 'king', 'knight', 'pawn', 'queen', 'rook'];
    expect(named(pieces, 'chess_pieces')).toBe('Chess pieces');
    expect(named(['x'.repeat(90)], 'long-names')).toBe('Long names');
    expect(named(pieces, '--')).toBe('digitlens');
  });

  it.each([
    [['raccoon'], 'Finds raccoons on a photo'],
    [['cat', 'dog'], 'Finds cats and dogs on a photo'],
    [['ant', 'bee', 'cow', 'dog'], 'Finds ants, bees, cows and dogs on a photo'],
    [['ant', 'bee', 'cow', 'dog', 'elk'], 'Finds ants, bees, cows and 2 other kinds of objects on'],
  ])('promises to find %j', (classes, promise) => {
    expect(identityOf({ name: 'm', classes, reading: none }).promise).toContain(promise);
  });

  it('is of a bearable length for 300 classes with long names', () => {
    const classes = Array.from(
      { length: 300 },
      (_, index) => `${'long/'.repeat(40)}${String(index)}`,
    );
    const { name, promise } = identityOf({ name: 'm'.repeat(300), classes, reading: none });
    expect(name.length).toBeLessThanOrEqual(40);
    expect(promise).toContain('297 other kinds');
    expect(promise.length).toBeLessThan(250);
  });

  it.each([
    [['raccoon'], { kind: 'letter', letter: 'R' }],
    [['浣熊'], { kind: 'neutral' }],
    [['🦝'], { kind: 'neutral' }],
    [['<script>'], { kind: 'neutral' }],
  ])('gives %j an icon', (classes, icon) => {
    expect(identityOf({ name: '<m>', classes, reading: none }).icon).toEqual(icon);
  });

  it('is the folder’s where one is labelled', () => {
    const folder = 'My photos (2026)';
    const own = identityOf({ name: 'digits', classes: DIGITS, reading: 'lines', folder });
    expect([own.name, own.icon]).toEqual([folder, { kind: 'digits' }]);
    expect(own.promise).toContain('stay on this machine');
  });

  it('speaks of signs where letters are read', () => {
    const { promise, name } = identityOf({ name: 'plates', classes: ['A', '1'], reading: 'lines' });
    expect([name, promise.slice(0, 15)]).toEqual(['Plates', 'Reads the signs']);
  });
});
