/** What the task that serves this page tells and keeps: see infra/labelling/server.py. */
import type { Box, Detection } from '@digitlens/recognizer';

const AREA = 'labelling/';
/** Bytes up to which a browser sends a request to its end though the page is closed. */
const LASTING = 60_000;

export interface Listed {
  name: string;
  /** of the photo, upright, in pixels; nothing where it can't be shown */
  width?: number;
  height?: number;
  /** what annotations.csv says; null: the photo wasn't looked at */
  objects?: Labelled[] | null;
  /** why it can't be shown */
  problem?: string;
}

export type Labelled = Box & { class: string };

export interface Folder {
  classes: string[];
  /** whether there is a model, which proposes */
  model: boolean;
  /** what is typed to train on the labels */
  command: string;
  photos: Listed[];
}

/** Why the task refused something, in its words. */
export class RefusedError extends Error {}

/** @throws RefusedError, or TypeError where nobody answers */
export async function openFolder(): Promise<Folder> {
  return (await answer(`${AREA}session.json`)).json() as Promise<Folder>;
}

/** @throws as `openFolder` */
export async function fetchPhoto(name: string): Promise<Blob> {
  return (await answer(urlOf(name))).blob();
}

/** For <img>. */
export function urlOf(name: string): string {
  return `${AREA}photos/${encodeURIComponent(name)}`;
}

/**
 * Keeps all that is on a photo; null: it wasn't looked at.
 *
 * @throws as `openFolder`
 */
export async function keep(name: string, finds: readonly Detection[] | null): Promise<void> {
  const objects = finds?.map(({ class: label, box: { xmin, ymin, xmax, ymax } }) => ({
    ...{ class: label, xmin, ymin, xmax, ymax },
  }));
  const body = JSON.stringify({ objects: objects ?? null });
  await answer(`${AREA}labels/${encodeURIComponent(name)}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    keepalive: body.length < LASTING,
    body,
  });
}

async function answer(path: string, request?: RequestInit): Promise<Response> {
  const response = await fetch(path, { cache: 'no-store', ...request });
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { error?: string };
  throw new RefusedError(said.error ?? String(response.status));
}
