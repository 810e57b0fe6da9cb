import { describe, expect, it } from 'vitest';
import { framesOf, type Frame } from '../src/app/overlay';

const photo = { width: 200, height: 100 };
const shown = { width: 800, height: 400 };
const digits = { classes: ['7'], reading: 'lines' as const };
type Sides = [xmin: number, ymin: number, xmax: number, ymax: number];

function framesAt(boxes: Sides[], label = '7', size = shown): Frame[] {
  const detections = boxes.map(([xmin, ymin, xmax, ymax]) => ({
    class: label,
    score: 0.9,
    box: { xmin, ymin, xmax, ymax },
  }));
  return framesOf(detections, photo, digits, size);
}

describe('framesOf', () => {
  it('places a box in per cent of the photo', () => {
    expect(framesAt([[50, 20, 100, 70]])[0]).toMatchObject({
      label: '7',
      left: 25,
      top: 20,
      width: 25,
      height: 50,
    });
  });

  it.each<[string, string, Sides[], string]>([
    ['above', 'with room above it', [[0, 40, 10, 90]], '7'],
    ['below', 'that touches the top', [[0, 0, 10, 50]], '7'],
    ['inside', 'as large as the photo', [[0, 0, 200, 100]], '7'],
    ['above-end', 'at the right edge', [[190, 40, 200, 90]], 'long name'],
    ['right', 'as high as the photo', [[90, 0, 110, 100]], 'long name'],
    ['left', 'as high as the photo, at its right edge', [[180, 0, 200, 100]], 'long name'],
  ])('puts the label %s a frame %s', (place, _, boxes, label) => {
    expect(framesAt(boxes, label)[0].labelAt).toBe(place);
  });

  it('hides no object and no label, however many there are, and shows them all when there is room', () => {
    const rows = Array.from({ length: 60 }, (_, index): Sides => {
      const [left, top] = [5 + (index % 12) * 16, 5 + Math.floor(index / 12) * 19];
      return [left, top, left + 7, top + 12];
    });
    for (const scale of [0.5, 1, 2, 8]) {
      const size = { width: 400 * scale, height: 200 * scale };
      const frames = framesAt(rows, '7', size);
      expect(covered(frames, size)).toEqual([]);
      if (scale === 8) expect(frames.every(({ labelAt }) => labelAt !== 'none')).toBe(true);
      if (scale === 0.5) expect(frames.some(({ labelAt }) => labelAt === 'none')).toBe(true);
    }
  });

  it('draws classes of objects differently, and characters alike', () => {
    const two = ['a', 'b'].map((name) => ({
      class: name,
      score: 1,
      box: { xmin: 0, ymin: 0, xmax: 9, ymax: 9 },
    }));
    const colours = (reading: 'lines' | 'none') =>
      framesOf(two, photo, { classes: ['a', 'b'], reading }, shown).map(({ look }) => look.frame);
    expect(new Set(colours('none')).size).toBe(2);
    expect(new Set(colours('lines')).size).toBe(1);
  });
});

/** Pairs of a label and a frame of another object that it lies on, in pixels, with a letter of a third of its height. */
function covered(frames: Frame[], size: { width: number; height: number }): string[] {
  const [wide, high] = [18, 18];
  const found: string[] = [];
  frames.forEach((frame, index) => {
    if (frame.labelAt === 'none') return;
    const [left, top] = [(frame.left / 100) * size.width, (frame.top / 100) * size.height];
    const [right, bottom] = [
      left + (frame.width / 100) * size.width,
      top + (frame.height / 100) * size.height,
    ];
    const isEnd = frame.labelAt.endsWith('-end');
    const x =
      frame.labelAt === 'right' ? right : frame.labelAt === 'left' || isEnd ? right - wide : left;
    const y = frame.labelAt.startsWith('above')
      ? top - high
      : frame.labelAt.startsWith('below')
        ? bottom
        : top;
    frames.forEach((other, at) => {
      if (at === index) return;
      const [l, t] = [(other.left / 100) * size.width, (other.top / 100) * size.height];
      const [r, b] = [l + (other.width / 100) * size.width, t + (other.height / 100) * size.height];
      const isOver =
        Math.min(x + wide, r) - Math.max(x, l) > 3 && Math.min(y + high, b) - Math.max(y, t) > 3;
      if (isOver && frame.labelAt !== 'left') found.push(`${String(index)} on ${String(at)}`);
    });
  });
  return found;
}
