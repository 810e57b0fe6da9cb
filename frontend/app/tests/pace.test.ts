import { describe, expect, it } from 'vitest';
import { Pace } from '../src/app/pace';

function periodAfter(...durations: number[]): number {
  const pace = new Pace();
  for (const duration of durations) pace.add(duration);
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
});
