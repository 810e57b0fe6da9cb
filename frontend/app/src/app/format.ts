/** 345 kB, 1.2 MB: decimal, as browsers and phones show them. */
export function bytes(count: number): string {
  return count < 1e6 ? `${String(Math.round(count / 1e3))} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

/** 0–1 as whole per cent; certainty is never claimed, so 100 % is shown for 1 only. */
export function percent(share: number): string {
  // 0.29 times 100 is a hair less than 29.
  return `${String(Math.floor(share * 100 + 1e-9))} %`;
}

export function milliseconds(duration: number): string {
  return duration < 1 ? 'under 1 ms' : `${String(Math.round(duration))} ms`;
}

/** "7", "7 and 12", "7, 12 and 305" */
export function listed(words: string[]): string {
  return new Intl.ListFormat('en-GB').format(words);
}
