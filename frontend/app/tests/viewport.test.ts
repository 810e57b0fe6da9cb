import { describe, expect, it } from 'vitest';
import { exactOf, fitOf, mostOf, tapped, within } from '../src/app/viewport';

const stage = { width: 358, height: 300 };

describe('the viewport', () => {
  it.each([
    [{ width: 20_000, height: 600 }, 1],
    [{ width: 1080, height: 20_000 }, 3],
    [{ width: 4000, height: 3000 }, 2],
    [{ width: 64, height: 64 }, 1],
    [{ width: 1, height: 5000 }, 1],
  ])('shows all of %j, and each of its pixels', (photo, density) => {
    const fit = fitOf(photo, stage);
    expect(photo.width * fit).toBeLessThanOrEqual(stage.width + 1e-9);
    expect(photo.height * fit).toBeLessThanOrEqual(stage.height + 1e-9);
    const most = mostOf(fit, density);
    expect(most).toBeGreaterThanOrEqual(8);
    expect(fit * most * density).toBeGreaterThanOrEqual(4 - 1e-9);
    expect(within(exactOf(fit, density), most) * fit * density).toBeCloseTo(
      Math.max(1, fit * density),
    );
  });

  it('goes in with a double tap, and out with the next', () => {
    const fit = fitOf({ width: 4000, height: 3000 }, stage);
    const zoom = tapped(1, fit, 1);
    expect(zoom * fit).toBeCloseTo(1);
    expect(tapped(zoom, fit, 1)).toBe(1);
  });
});
