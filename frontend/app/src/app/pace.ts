/** How often live video is read: as often as this device can keep up with, steadily. */

/** Seconds between pictures, as cameras give them: 30 a second and whole fractions of that. */
const TICK = 1 / 30;
/** Share of the time that reading may take; the rest is for the page and the device's temperature. */
const LOAD = 0.8;
/** Readings that are remembered. */
const WINDOW = 12;

/** Picks a rate by how long the last readings took. */
export class Pace {
  private readonly starts: number[] = [];
  private readonly durations: number[] = [];

  /** @param start, end of a reading, in seconds */
  add(start: number, end: number): void {
    this.starts.push(start);
    this.durations.push(end - start);
    if (this.durations.length <= WINDOW) return;
    this.starts.shift();
    this.durations.shift();
  }

  /** How many of the last readings began in a second, as it was; 0 before the second of them. */
  get rate(): number {
    const count = this.starts.length - 1;
    return count > 0 ? count / (this.starts[count] - this.starts[0]) : 0;
  }

  /** Seconds from the start of one reading to the start of the next: the slowest of the last ones fits in. */
  get period(): number {
    const slowest = Math.max(0, ...this.durations);
    return Math.max(1, Math.ceil(slowest / LOAD / TICK - 1e-9)) * TICK;
  }
}
