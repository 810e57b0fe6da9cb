/** Figures as people write them where the page's words are spoken. */
import { text } from './text';

const kilobytes = inUnit('kilobyte', 0);
const megabytes = inUnit('megabyte', 1);
const wholeMilliseconds = inUnit('millisecond', 0);
const wholePercent = new Intl.NumberFormat(text.locale, { style: 'percent' });
const list = new Intl.ListFormat(text.locale);

/** 345 kB, 1.2 MB: decimal, as browsers and phones show them. */
export function bytes(count: number): string {
  return count < 1e6 ? kilobytes.format(count / 1e3) : megabytes.format(count / 1e6);
}

/** 0–1 as whole per cent; certainty is never claimed, so 100% is shown for 1 only. */
export function percent(share: number): string {
  // 0.29 times 100 is a hair less than 29.
  return wholePercent.format(Math.floor(share * 100 + 1e-9) / 100);
}

export function milliseconds(duration: number): string {
  return duration < 1 ? text.underMillisecond : wholeMilliseconds.format(duration);
}

/** "7", "7 and 12", "7, 12 and 305" */
export function listed(words: string[]): string {
  return list.format(words);
}

function inUnit(unit: string, digits: number): Intl.NumberFormat {
  const places = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(text.locale, { style: 'unit', unit, ...places });
}
