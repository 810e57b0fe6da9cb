import { describe, expect, it } from 'vitest';
import { Pace } from '../src/app/pace';

function periodAfter(...durations: number[]): number {
  const pace = new Pace();
  for (const duration of durations) pace.add(0, duration);
  return pace.period;
}

describe('Pace', () => {
  it('is the camera’s where readings are short', () => {
    expect(periodAfter(0.005, 0.01)).toBeCloseTo(1 / 30);
  });

  it('is steady: that of the slowest of the last readings, with room to spare', () => {
    const period = periodAfter(0.03, 0.1, 0.02);
    expect(period).toBeCloseTo(4 / 30);
    expect(period).toBeGreaterThan(0.1);
  });

  it('recovers when slow readings are long past', () => {
    expect(periodAfter(1, ...Array.from({ length: 12 }, () => 0.01))).toBeCloseTo(1 / 30);
  });

  it('tells the rate of the last readings as it was', () => {
    const pace = new Pace();
    expect(pace.rate).toBe(0);
    for (const start of [0, 5, 5.5, 6]) pace.add(start, start + 0.1);
    expect(pace.rate).toBeCloseTo(3 / 6);
    for (let count = 1; count <= 12; count++) pace.add(6 + count / 4, 6 + count / 4);
    expect(pace.rate).toBeCloseTo(4);
  });
});
