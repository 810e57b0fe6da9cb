/** Which backend to use: what was found on this device for this model, and how it is found out. */
import type { Answer } from '../model/answer';
import type { Backend, Runtime } from '../api';

/** What the device was found to be best at. */
export interface Finding {
  backend: Backend;
  /** the model that it was found with, see answer.ts */
  model: string;
  /** of the backend that was trusted; later ones are held to it */
  answer: Answer;
  /** whether graphics processors were tried */
  complete: boolean;
}

/** Without knowing more: wasm is small and starts at once, wherever it is. */
const USUAL: Backend[] = ['wasm', 'webgl', 'cpu'];

/** A graphics processor must be clearly faster: it also takes longer to start. */
const CLEARLY = 0.7;

/** The backends to try, in this order. */
export function order(forced: Backend | undefined, finding: Finding | undefined): Backend[] {
  if (forced !== undefined) return [forced];
  return [...new Set([...(finding ? [finding.backend] : []), ...USUAL])];
}

/** Those that may be faster than what runs now, and that this browser may have: wasm, too, which may only have been missed. */
export function challengers(backend: Backend): Backend[] {
  const present: Backend[] = ['wasm'];
  if ('gpu' in navigator) present.push('webgpu');
  if (typeof OffscreenCanvas !== 'undefined') present.push('webgl');
  return present.filter((one) => one !== backend);
}

export function isFaster(challenger: Runtime, present: Runtime): boolean {
  return challenger.milliseconds < present.milliseconds * CLEARLY;
}

/** What was found of the model at this address earlier, by this version of the browser. */
export function remembered(modelUrl: string): Finding | undefined {
  try {
    const entry = JSON.parse(localStorage.getItem(keyOf(modelUrl)) ?? '{}') as Entry;
    return entry.agent === navigator.userAgent ? entry : undefined;
  } catch {
    return undefined;
  }
}

export function remember(modelUrl: string, finding: Finding): void {
  const entry: Entry = { ...finding, agent: navigator.userAgent };
  try {
    localStorage.setItem(keyOf(modelUrl), JSON.stringify(entry));
  } catch {
    // Private mode, or full: it is found again next time.
  }
}

/** What was remembered no longer holds. */
export function forget(modelUrl: string): void {
  try {
    localStorage.removeItem(keyOf(modelUrl));
  } catch {
    // Nothing is kept there.
  }
}

type Entry = Finding & { agent: string };

function keyOf(modelUrl: string): string {
  return `recognizer ${modelUrl}`;
}
