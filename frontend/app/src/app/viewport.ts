/** The window through which a photo is seen: how large it is drawn. */

export interface Size {
  width: number;
  height: number;
}

/** Larger than the whole by this factor, at least, whatever the photo. */
const LEAST_MOST = 8;
/** Screen pixels for a photo's pixel, at most. */
const CLOSEST = 4;
/** What one press of a button does. */
export const STEP = 1.5;
/** What a double tap does to photos that have no more pixels than are seen. */
const TAP = 2.5;

/** CSS pixels for a photo's pixel when the whole of it is seen. */
export function fitOf(photo: Size, stage: Size): number {
  return Math.min(stage.width / photo.width, stage.height / photo.height);
}

/** How far one may go in, in multiples of the whole. */
export function mostOf(fit: number, density: number): number {
  return Math.max(LEAST_MOST, CLOSEST / (fit * density));
}

/** Where one screen pixel shows one of the photo, in multiples of the whole. */
export function exactOf(fit: number, density: number): number {
  return 1 / (fit * density);
}

/** `zoom` within what is allowed: steps that are nearly the whole are the whole. */
export function within(zoom: number, most: number): number {
  return zoom < 1.01 ? 1 : Math.min(most, zoom);
}

/** What a double tap or click zooms to. */
export function tapped(zoom: number, fit: number, density: number): number {
  return zoom > 1 ? 1 : Math.max(TAP, Math.min(exactOf(fit, density), mostOf(fit, density)));
}
