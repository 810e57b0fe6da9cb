/** What a model saw on a photo, as proposals for labels whose classes needn't be the model's. */
import {
  probability,
  type Detection,
  type Manifest,
  type Recognition,
} from '@digitlens/recognizer';
import { certain } from '../app/findings';

/** Of a photo, upright, in pixels. */
export interface Size {
  width: number;
  height: number;
}

type Seen = Pick<Recognition, 'detections' | 'width' | 'height'>;

/** What the model is content with, in the photo's own pixels; without a name where `classes` have none for it. */
export function proposalsOf(
  seen: Seen,
  manifest: Manifest,
  classes: readonly string[],
  size: Size,
): Detection[] {
  const [right, down] = [size.width / seen.width, size.height / seen.height];
  return certain(seen.detections, manifest, { hidden: new Set() }).map(
    ({ class: name, score, box: { xmin, ymin, xmax, ymax } }) => ({
      class: ownName(name, classes),
      score,
      box: {
        xmin: Math.max(0, xmin * right),
        ymin: Math.max(0, ymin * down),
        xmax: Math.min(size.width, xmax * right),
        ymax: Math.min(size.height, ymax * down),
      },
    }),
  );
}

/** How sure the model is of what it is least sure of, 0–1; not at all where it saw nothing. */
export function surenessOf(proposed: readonly Detection[], manifest: Manifest): number {
  if (proposed.length === 0) return 0;
  return Math.min(...proposed.map(({ score }) => probability(score, manifest)));
}

/** The class that is meant by a model's name for it: Raccoon and raccoon are one. */
function ownName(name: string, classes: readonly string[]): string {
  if (classes.includes(name)) return name;
  const plain = (words: string): string => words.normalize('NFC').trim().toLowerCase();
  const alike = classes.filter((one) => plain(one) === plain(name));
  return alike.length === 1 ? alike[0] : '';
}
