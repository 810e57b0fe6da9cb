import type { Detection } from '@digitlens/recognizer';

/** Where a detection's frame lies on the shown photo, in per cent of its width and height. */
export interface Frame {
  label: string;
  left: number;
  top: number;
  width: number;
  height: number;
  labelAt: 'above' | 'below' | 'inside';
}

/** Part of the photo's height that a label needs above or below a frame. */
const LABEL_ROOM = 0.12;

/** Frames of a photo's detections; the photo may be shown at any size. */
export function framesOf(
  detections: Detection[],
  photo: { width: number; height: number },
): Frame[] {
  return detections.map(({ class: label, box }) => ({
    label,
    left: (box.xmin / photo.width) * 100,
    top: (box.ymin / photo.height) * 100,
    width: ((box.xmax - box.xmin) / photo.width) * 100,
    height: ((box.ymax - box.ymin) / photo.height) * 100,
    labelAt: labelPlace(box.ymin / photo.height, box.ymax / photo.height),
  }));
}

function labelPlace(top: number, bottom: number): Frame['labelAt'] {
  if (top >= LABEL_ROOM) return 'above';
  return bottom <= 1 - LABEL_ROOM ? 'below' : 'inside';
}
