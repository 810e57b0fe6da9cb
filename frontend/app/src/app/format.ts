/** Figures as people write them where the page's words are spoken. */
import { text } from './text';

// Made when they are needed: together they take up to a tenth of a second of the page's start.
const kilobytes = once(() => inUnit('kilobyte', 0));
const megabytes = once(() => inUnit('megabyte', 1));
const wholeMilliseconds = once(() => inUnit('millisecond', 0));
const wholePercent = once(() => new Intl.NumberFormat(text.locale, { style: 'percent' }));
const list = once(() => new Intl.ListFormat(text.locale));
const row = once(() => new Intl.ListFormat(text.locale, { type: 'unit' }));

/** 345 kB, 1.2 MB: decimal, as browsers and phones show them. */
export function bytes(count: number): string {
  return count < 1e6 ? kilobytes().format(count / 1e3) : megabytes().format(count / 1e6);
}

/** 0–1 as whole per cent; certainty is never claimed, so 100% is shown for 1 only. */
export function percent(share: number): string {
  // 0.29 times 100 is a hair less than 29.
  return wholePercent().format(Math.floor(share * 100 + 1e-9) / 100);
}

export function milliseconds(duration: number): string {
  return duration < 1 ? text.underMillisecond : wholeMilliseconds().format(duration);
}

/** "7", "7 and 12", "7, 12 and 305" */
export function listed(words: string[]): string {
  return list().format(words);
}

/** "2 raccoons, 1 cat" */
export function enumerated(words: string[]): string {
  return row().format(words);
}

function inUnit(unit: string, digits: number): Intl.NumberFormat {
  const places = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(text.locale, { style: 'unit', unit, ...places });
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
