/** Options as they must be: what is wrong is named before anything is begun. */
import type { Backend } from './api';
import { RequestError } from './errors';

/** Browsers' timers end here. */
const LONGEST = 2 ** 31 - 1;
const BACKENDS: readonly unknown[] = ['webgpu', 'webgl', 'wasm', 'cpu'] satisfies Backend[];

interface Rule {
  allows: (value: unknown) => boolean;
  /** what it allows */
  words: string;
}

const ADDRESS: Rule = {
  allows: (value) => (typeof value === 'string' && value !== '') || value instanceof URL,
  words: 'an address, as a string or a URL',
};
const SIGNAL: Rule = {
  allows: (value) => typeof value === 'object' && value !== null && 'aborted' in value,
  words: 'an AbortSignal',
};
const COUNT: Rule = {
  allows: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
  words: 'a whole number from 1 on',
};

/** Of `createRecognizer`. */
export const CREATE: Record<string, Rule> = {
  modelUrl: ADDRESS,
  modelSha256: {
    allows: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
    words: 'a SHA-256: 64 digits and small letters from a to f',
  },
  workerUrl: ADDRESS,
  onProgress: { allows: (value) => typeof value === 'function', words: 'a function' },
  signal: SIGNAL,
  backend: { allows: (value) => BACKENDS.includes(value), words: `one of ${BACKENDS.join(', ')}` },
  threads: COUNT,
  idleAfter: {
    allows: (value) => value === Infinity || within(value, 0, LONGEST),
    words: `milliseconds from 0 to ${String(LONGEST)}, or Infinity`,
  },
};

/** Of `recognize`. */
export const RECOGNIZE: Record<string, Rule> = {
  signal: SIGNAL,
  minScore: { allows: (value) => within(value, 0, 1), words: 'a number from 0 to 1' },
  looks: { allows: (value) => value === 1 || value === 2, words: '1 or 2' },
  tiles: { allows: (value) => typeof value === 'boolean', words: 'true or false' },
};

/** Of `createRecognizer` in Node. */
export const CREATE_IN_NODE: Record<string, Rule> = { model: ADDRESS };

/** Of `benchmark`. */
export const BENCHMARK: Record<string, Rule> = { runs: COUNT, signal: SIGNAL };

/** @throws RequestError naming the first option that is unknown or wrong */
export function check(call: string, options: unknown, rules: Record<string, Rule>): void {
  if (typeof options !== 'object' || options === null) {
    throw new RequestError(`${call} takes an object with options, not ${shown(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) {
      const known = Object.keys(rules).join(', ');
      throw new RequestError(`${call} has no option ${name}; it takes ${known}`);
    }
    const { allows, words } = rules[name];
    if (value !== undefined && !allows(value)) {
      throw new RequestError(`${call}: ${name} is ${shown(value)}, and has to be ${words}`);
    }
  }
}

/**
 * The whole address behind one that may be relative to the page, or to the worker that calls.
 *
 * @throws RequestError naming the option
 */
export function absolute(name: string, address: string | URL | undefined): string {
  if (address === undefined) throw new RequestError(`${name} is missing: it has to be an address`);
  try {
    return new URL(address, base()).href;
  } catch {
    throw new RequestError(`${name} is ${shown(String(address))}, which is no address`);
  }
}

function base(): string | undefined {
  const { document, location } = globalThis as Partial<typeof globalThis>;
  return document?.baseURI ?? location?.href;
}

function within(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
