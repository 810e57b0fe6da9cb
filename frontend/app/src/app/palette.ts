/** A colour for each class that people tell apart who see no red, no green or no blue (tests/palette.test.ts). */

/** Okabe and Ito's, without black and white: bright on photos, and each at its own lightness. */
const COLOURS = [
  '#ffd23f',
  '#56b4e9',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#0072b2',
  '#f0f0f0',
] as const;
/** Beyond as many classes, the frame's line tells them apart. */
const LINES = ['solid', 'dashed', 'dotted'] as const;
const DARK = '#1a1500';
const LIGHT = '#ffffff';

/** How the frames of a class are drawn. */
export interface Look {
  frame: string;
  /** what is written on that colour, and drawn beside it */
  ink: string;
  line: (typeof LINES)[number];
}

/** Of what a model saw and has no name for here. */
export const UNNAMED: Look = { frame: '#ffffff', ink: DARK, line: 'dotted' };

/** The look of the class at `index` of the manifest's list. */
export function lookOf(index: number): Look {
  const place = Math.max(0, index);
  const frame = COLOURS[place % COLOURS.length];
  const line = LINES[Math.floor(place / COLOURS.length) % LINES.length];
  return { frame, ink: lightness(frame) > 0.22 ? DARK : LIGHT, line };
}

/** Relative luminance as WCAG defines it, 0–1. */
export function lightness(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const level = parseInt(colour.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
