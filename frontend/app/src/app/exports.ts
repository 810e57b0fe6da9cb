/** Results as files to keep. */
import type { Manifest, Recognition } from '@digitlens/recognizer';
import type { Findings } from './findings';
import { uniqueName } from './files';
import { lookOf } from './palette';
import { zipOf } from './zip';

/** What was read on a photo. */
export interface Read {
  /** of the photo */
  filename: string;
  recognition: Recognition;
  findings: Findings;
}

/** The name of files with the results of several photos. */
const ALL = 'digitlens';
/** What training looks for beside photos. */
const LABELS = 'annotations.csv';
/** Pixels of a picture with frames: what the canvases of phones can still hold. */
const MOST_PIXELS = 16_777_216;
/** Of the shorter side, but never less than two pixels. */
const STROKE = 1 / 250;
/** Lengths of dashes and gaps, in strokes. */
const DASHES = { solid: [], dashed: [4, 3], dotted: [1, 2] };

type Classes = Pick<Manifest, 'classes' | 'reading'>;

/**
 * The result of one photo.
 *
 * @throws Error where a picture can't be drawn
 */
export async function fileOf(
  kind: 'json' | 'csv' | 'png',
  photo: File,
  read: Read,
  manifest: Classes,
): Promise<File> {
  // A name that is nothing but an ending is a name.
  const stem = photo.name.replace(/(?<=.)\.[^.]*$/, '');
  switch (kind) {
    case 'json':
      return file(jsonOf(documentOf(read)), `${stem}.json`, 'application/json');
    case 'csv':
      return file(csvOf([read]), `${stem}.csv`, 'text/csv');
    case 'png':
      return file(await pictureOf(photo, read, manifest), `${stem}-read.png`, 'image/png');
  }
}

/** The results of several photos: a list of what `fileOf` writes for one, or one table. */
export function fileOfAll(kind: 'json' | 'csv', reads: Read[]): File {
  return kind === 'json'
    ? file(jsonOf(reads.map(documentOf)), `${ALL}.json`, 'application/json')
    : file(csvOf(reads), `${ALL}.csv`, 'text/csv');
}

/** Photos with their labels, as `./inv pipeline --images` takes them: corrected, or as they were found. */
export async function labelsOf(photos: { file: File; read: Read }[]): Promise<File> {
  const taken = new Set<string>();
  const named = photos.map(({ file: photo, read }) => {
    const own = uniqueName(photo.name, taken);
    taken.add(own);
    return { photo, read: { ...read, filename: own } };
  });
  const table = new Blob([csvOf(named.map(({ read }) => read))]);
  const entries = named.map(({ photo, read }) => ({ name: read.filename, content: photo }));
  const archive = await zipOf([...entries, { name: uniqueName(LABELS, taken), content: table }]);
  return file(archive, `${ALL}-labels.zip`, archive.type);
}

/** Hands a file to the visitor: as a download, or by the share sheet where installed pages have no downloads (iOS). */
export async function handOver(made: File): Promise<void> {
  const { standalone } = navigator as { standalone?: boolean };
  if (standalone === true && navigator.canShare({ files: [made] })) {
    await navigator.share({ files: [made] });
    return;
  }
  const url = URL.createObjectURL(made);
  const link = document.createElement('a');
  link.href = url;
  link.download = made.name;
  link.click();
  // The download has its own hold on the bytes once it has begun.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}

function file(content: string | Blob, name: string, type: string): File {
  return new File([content], name, { type });
}

function documentOf({ filename, recognition, findings }: Read): object {
  const { width, height } = recognition;
  const { lines, detections, numbers } = findings;
  return { filename, width, height, lines, detections, numbers };
}

function jsonOf(content: object): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Labels as training reads them (`./inv data.check`): a photo without finds is a row, too. Scores are in the JSON. */
function csvOf(reads: Read[]): string {
  const rows = reads.flatMap(({ filename, recognition: { width, height }, findings }) => {
    const photo = [filename, width, height];
    if (findings.detections.length === 0) return [[...photo, '', '', '', '', '']];
    return findings.detections.map(({ class: name, box: { xmin, ymin, xmax, ymax } }) => [
      ...photo,
      ...[name, xmin, ymin, xmax, ymax],
    ]);
  });
  const lines = rows.map((row) => row.map(cell).join(','));
  return ['filename,width,height,class,xmin,ymin,xmax,ymax', ...lines, ''].join('\r\n');
}

/**
 * RFC 4180; an apostrophe before what a spreadsheet would take for a formula, which training takes away again. A class may
 * be a single sign.
 */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(Math.round(value * 1e4) / 1e4);
  const harmless = /^'*[=+\-@\t\r]./s.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

async function pictureOf(
  photo: File,
  { recognition, findings }: Read,
  { classes, reading }: Classes,
): Promise<Blob> {
  const { width, height } = recognition;
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  const bitmap = await createImageBitmap(photo, { imageOrientation: 'from-image' });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const stroke = Math.max(2, Math.min(canvas.width, canvas.height) * STROKE);
  const size = Math.max(12, stroke * 6);
  context.font = `bold ${String(size)}px sans-serif`;
  context.textBaseline = 'bottom';
  for (const { class: label, box } of findings.detections) {
    const [left, top] = [box.xmin * scale, box.ymin * scale];
    const frame = [
      left,
      top,
      (box.xmax - box.xmin) * scale,
      (box.ymax - box.ymin) * scale,
    ] as const;
    const look = lookOf(reading === 'lines' ? 0 : classes.indexOf(label));
    context.lineWidth = stroke * 2;
    context.strokeStyle = look.ink;
    context.strokeRect(...frame);
    context.lineWidth = stroke;
    context.strokeStyle = look.frame;
    context.setLineDash(DASHES[look.line].map((length) => length * stroke));
    context.strokeRect(...frame);
    context.setLineDash([]);
    const bottom = top > size * 1.2 ? top : top + size * 1.2;
    context.fillStyle = look.frame;
    context.fillRect(
      left,
      bottom - size * 1.2,
      context.measureText(label).width + size / 2,
      size * 1.2,
    );
    context.fillStyle = look.ink;
    context.fillText(label, left + size / 4, bottom);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}
