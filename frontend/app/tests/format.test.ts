import { describe, expect, it } from 'vitest';
import { bytes, listed, milliseconds, percent } from '../src/app/format';

describe('format', () => {
  it.each([
    [0, '0 kB'],
    [571_300, '571 kB'],
    [1_250_000, '1.3 MB'],
  ])('shows %i bytes as %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it('never rounds up to certainty', () => {
    expect(percent(0.999)).toBe('99%');
    expect(percent(1)).toBe('100%');
  });

  it('shows each stop of the slider as it is', () => {
    const stops = Array.from({ length: 101 }, (_, stop) => stop);
    expect(stops.map((stop) => percent(stop / 100))).toEqual(
      stops.map((stop) => `${String(stop)}%`),
    );
  });

  it('does not show a short time as none', () => {
    expect(milliseconds(0.4)).toBe('under 1 ms');
    expect(milliseconds(27.4)).toBe('27 ms');
  });

  it.each([
    [[], ''],
    [['7'], '7'],
    [['7', '12'], '7 and 12'],
    [['7', '12', '305'], '7, 12 and 305'],
  ])('lists %j as "%s"', (words, text) => {
    expect(listed(words)).toBe(text);
  });
});
