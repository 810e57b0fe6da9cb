/** The result of a photo as a file to keep. */
import type { Recognition } from '@digitlens/recognizer';
import { linesOf, type Findings } from './findings';

/** Pixels of a picture with frames: what the canvases of phones can still hold. */
const MOST_PIXELS = 16_777_216;
/** Of the shorter side, but never less than two pixels. */
const STROKE = 1 / 250;
const FRAME = '#ffd23f';
const ON_FRAME = '#1a1500';

/** @throws Error where a picture can't be drawn */
export async function fileOf(
  kind: 'json' | 'csv' | 'png',
  photo: File,
  recognition: Recognition,
  findings: Findings,
): Promise<File> {
  const stem = photo.name.replace(/\.[^.]*$/, '');
  switch (kind) {
    case 'json':
      return new File([jsonOf(photo.name, recognition, findings)], `${stem}.json`, {
        type: 'application/json',
      });
    case 'csv':
      return new File([csvOf(photo.name, recognition, findings)], `${stem}.csv`, {
        type: 'text/csv',
      });
    case 'png':
      return new File([await pictureOf(photo, recognition, findings)], `${stem}-read.png`, {
        type: 'image/png',
      });
  }
}

export function jsonOf(
  filename: string,
  { width, height }: Recognition,
  findings: Findings,
): string {
  const lines = linesOf(findings.numbers);
  return `${JSON.stringify({ filename, width, height, lines, ...findings }, null, 2)}\n`;
}

/** The columns that training reads, and the score behind them. */
export function csvOf(
  filename: string,
  { width, height }: Recognition,
  findings: Findings,
): string {
  const rows = findings.detections.map(({ class: name, score, box }) =>
    [filename, width, height, name, box.xmin, box.ymin, box.xmax, box.ymax, score].map(cell),
  );
  const head = 'filename,width,height,class,xmin,ymin,xmax,ymax,score';
  return [head, ...rows.map((row) => row.join(',')), ''].join('\r\n');
}

/** RFC 4180; a text that a spreadsheet would take for a formula is kept a text. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(Math.round(value * 1e4) / 1e4);
  const harmless = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

async function pictureOf(
  photo: File,
  { width, height }: Recognition,
  { detections }: Findings,
): Promise<Blob> {
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
  for (const { class: label, box } of detections) {
    const [left, top] = [box.xmin * scale, box.ymin * scale];
    const frame = [
      left,
      top,
      (box.xmax - box.xmin) * scale,
      (box.ymax - box.ymin) * scale,
    ] as const;
    context.lineWidth = stroke * 2;
    context.strokeStyle = ON_FRAME;
    context.strokeRect(...frame);
    context.lineWidth = stroke;
    context.strokeStyle = FRAME;
    context.strokeRect(...frame);
    const bottom = top > size * 1.2 ? top : top + size * 1.2;
    context.fillStyle = FRAME;
    context.fillRect(
      left,
      bottom - size * 1.2,
      context.measureText(label).width + size / 2,
      size * 1.2,
    );
    context.fillStyle = ON_FRAME;
    context.fillText(label, left + size / 4, bottom);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}
