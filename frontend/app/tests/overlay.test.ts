import { describe, expect, it } from 'vitest';
import { framesOf } from '../src/app/overlay';

const photo = { width: 200, height: 100 };

function frameOf(xmin: number, ymin: number, xmax: number, ymax: number) {
  return framesOf([{ class: '7', score: 0.9, box: { xmin, ymin, xmax, ymax } }], photo)[0];
}

describe('framesOf', () => {
  it('places a box in per cent of the photo', () => {
    expect(frameOf(50, 20, 100, 70)).toMatchObject({
      label: '7',
      left: 25,
      top: 20,
      width: 25,
      height: 50,
    });
  });

  it.each([
    ['above', 'with room above it', frameOf(0, 40, 10, 90)],
    ['below', 'that touches the top', frameOf(0, 0, 10, 50)],
    ['inside', 'as high as the photo', frameOf(0, 0, 200, 100)],
  ])('puts the label %s a frame %s', (place, _, frame) => {
    expect(frame.labelAt).toBe(place);
  });
});
