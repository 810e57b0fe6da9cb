import type { Detection, Manifest } from '@digitlens/recognizer';
import { lookOf, UNNAMED, type Look } from './palette';
import { text } from './text';

/** Where a detection's frame lies on the shown photo, in per cent of its width and height. */
export interface Frame {
  label: string;
  left: number;
  top: number;
  width: number;
  height: number;
  labelAt: Place;
  /** whether it is so low or narrow on the screen that a thick line would hide what is in it */
  isFine: boolean;
  look: Look;
}

/** Where the label of a frame hides neither an object nor another label; `none` where there is no such place. */
export type Place =
  'above' | 'below' | 'above-end' | 'below-end' | 'right' | 'left' | 'inside' | 'none';

interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Of labels, in rem, see .frame-label in styles.css. */
const FONT = 0.875;
const HEIGHT = 1.25;
const PADDING = 0.65;
/** Widths of letters, in font sizes: of most, and of Chinese signs and emoji. */
const NARROW = 0.74;
const WIDE = 1.1;
/** Pixels that a label may lie over something: the frame's own line. */
const TOLERANCE = 2;
/** A frame has room inside when it is so many times as wide and high as its label. */
const ROOMY = 4;
/** Pixels of a frame's shorter side. */
const FINE = 14;

/**
 * Frames of a photo's detections with their labels.
 *
 * @param shown the photo's size on the screen, in CSS pixels
 * @param rem pixels of the page's font size
 */
export function framesOf(
  detections: Detection[],
  photo: { width: number; height: number },
  { classes, reading }: Pick<Manifest, 'classes' | 'reading'>,
  shown: { width: number; height: number },
  rem = 16,
): Frame[] {
  const scale = { x: shown.width / photo.width, y: shown.height / photo.height };
  const boxes = detections.map(({ box }) => ({
    left: box.xmin * scale.x,
    top: box.ymin * scale.y,
    right: box.xmax * scale.x,
    bottom: box.ymax * scale.y,
  }));
  const labels: Rectangle[] = [];
  return detections.map(({ class: name, box }, index) => {
    const label = name || text.correct.unnamed;
    const [labelAt, place] = placeOf(index, label, boxes, labels, shown, rem);
    if (place) labels.push(place);
    const { left, right, top, bottom } = boxes[index];
    return {
      label,
      left: (box.xmin / photo.width) * 100,
      top: (box.ymin / photo.height) * 100,
      width: ((box.xmax - box.xmin) / photo.width) * 100,
      height: ((box.ymax - box.ymin) / photo.height) * 100,
      labelAt,
      isFine: Math.min(right - left, bottom - top) < FINE,
      // Characters are told apart by what they are.
      look: name === '' ? UNNAMED : lookOf(reading === 'lines' ? 0 : classes.indexOf(name)),
    };
  });
}

function placeOf(
  index: number,
  label: string,
  boxes: Rectangle[],
  labels: Rectangle[],
  shown: { width: number; height: number },
  rem: number,
): [Place, Rectangle | undefined] {
  const box = boxes[index];
  const width = widthOf(label) * rem;
  const height = HEIGHT * rem;
  const at = (left: number, top: number): Rectangle => ({
    left,
    top,
    right: left + width,
    bottom: top + height,
  });
  const around: [Place, Rectangle][] = [
    ['above', at(box.left, box.top - height)],
    ['below', at(box.left, box.bottom)],
    ['above-end', at(box.right - width, box.top - height)],
    ['below-end', at(box.right - width, box.bottom)],
    ['right', at(box.right, box.top)],
    ['left', at(box.left - width, box.top)],
  ];
  const others = boxes.filter((_, other) => other !== index);
  for (const [place, rectangle] of around) {
    if (!isWithin(rectangle, shown)) continue;
    if (![...others, ...labels].some((other) => overlap(rectangle, other)))
      return [place, rectangle];
  }
  const inside = at(Math.max(0, box.left), Math.max(0, box.top));
  const [wide, high] = [box.right - box.left, box.bottom - box.top];
  const isRoomy = wide > width && high > height && (wide > ROOMY * width || high > ROOMY * height);
  if (isRoomy && !labels.some((other) => overlap(inside, other))) {
    return ['inside', inside];
  }
  return ['none', undefined];
}

/** Of a label, in rem. */
function widthOf(label: string): number {
  const letters = Array.from(label, (letter) =>
    (letter.codePointAt(0) ?? 0) > 0x2e80 ? WIDE : NARROW,
  );
  return letters.reduce((sum, letter) => sum + letter, 0) * FONT + PADDING;
}

function isWithin(place: Rectangle, { width, height }: { width: number; height: number }): boolean {
  return (
    place.left >= -TOLERANCE &&
    place.top >= -TOLERANCE &&
    place.right <= width + TOLERANCE &&
    place.bottom <= height + TOLERANCE
  );
}

function overlap(one: Rectangle, other: Rectangle): boolean {
  return (
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > TOLERANCE &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > TOLERANCE
  );
}
