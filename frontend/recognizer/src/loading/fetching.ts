/** Requests that end: with an answer, when their caller gives them up, or when nothing comes any more. */
import { DownloadError, IntegrityError, messageOf } from '../errors';

/** The network's end of a request, which another try may mend. */
export class Interruption extends DownloadError {}

/** A controller that is aborted when `signal` is, and sooner if need be, until it is released. */
export function following(signal: AbortSignal | undefined): {
  controller: AbortController;
  release: () => void;
} {
  const controller = new AbortController();
  const forward = (): void => {
    controller.abort(signal?.reason);
  };
  if (signal?.aborted === true) forward();
  signal?.addEventListener('abort', forward);
  return {
    controller,
    release: () => {
      signal?.removeEventListener('abort', forward);
    },
  };
}

export interface Attention {
  signal: AbortSignal;
  /** to be called when something has come */
  heard: () => void;
}

/** Has a request made, whose signal is also aborted, with an Interruption, when nothing is heard of it for a while. */
export async function attended<T>(
  url: string,
  { signal, patience }: { signal: AbortSignal | undefined; patience: number },
  request: (attention: Attention) => Promise<T>,
): Promise<T> {
  const { controller, release } = following(signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const seconds = String(patience / 1000);
      controller.abort(new Interruption(`${url} can't be fetched: nothing came for ${seconds} s`));
    }, patience);
  };
  try {
    heard();
    return await request({ signal: controller.signal, heard });
  } finally {
    clearTimeout(timer);
    release();
  }
}

export async function fetched(
  url: string,
  signal: AbortSignal | undefined,
  options: RequestInit = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...options, signal: signal ?? null });
  } catch (error) {
    throw interruption(error, url, signal);
  }
  if (response.ok) return response;
  const message = `${url} can't be fetched: the server says ${String(response.status)}`;
  // No such range: the part that was kept is not this file's.
  if (response.status === 416) throw new IntegrityError(message);
  const passing = response.status >= 500 || response.status === 429;
  throw passing ? new Interruption(message) : new DownloadError(message);
}

export async function textOf(
  response: Response,
  url: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw interruption(error, url, signal);
  }
}

/** Why a request ended early: the caller's own reason, or the network's. */
export function interruption(
  error: unknown,
  url: string,
  signal: AbortSignal | undefined,
): unknown {
  if (signal?.aborted === true) return signal.reason;
  return new Interruption(`${url} can't be fetched: ${messageOf(error)}`);
}
