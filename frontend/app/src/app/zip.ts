/** ZIP archives of files that are packed already, as photos are: stored, not deflated. */

export interface Entry {
  name: string;
  content: Blob;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
/** Names are UTF-8. */
const UNICODE = 0x0800;
/** 1 January 1980, midnight: equal photos make equal archives. */
const DATE = 0x0021;

/** An archive of `entries`, whose names differ; less than 4 GB in all. */
export async function zipOf(entries: Entry[]): Promise<Blob> {
  const parts: BlobPart[] = [];
  const central: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const bytes = new Uint8Array(await content.arrayBuffer());
    const title = new TextEncoder().encode(name);
    const about = [VERSION, UNICODE, 0, 0, DATE] as const;
    const sum = crc32(bytes);
    const sizes = [sum, bytes.length, bytes.length] as const;
    const head = record([LOCAL], about, sizes, [title.length, 0]);
    central.push(
      record([CENTRAL], [VERSION, ...about], sizes, [title.length, 0, 0, 0, 0], [0, offset]),
      title,
    );
    parts.push(head, title, bytes);
    offset += head.length + title.length + bytes.length;
  }
  const length = central.reduce((sum, part) => sum + part.length, 0);
  const count = entries.length;
  const end = record([END], [0, 0, count, count], [length, offset], [0]);
  return new Blob([...parts, ...central, end], { type: 'application/zip' });
}

/** Fields of four and of two bytes by turns, little end first. */
function record(...groups: (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const widths = groups.flatMap((group, index) => group.map(() => (index % 2 === 0 ? 4 : 2)));
  const bytes = new Uint8Array(widths.reduce((sum, width) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  groups.flat().forEach((value, index) => {
    if (widths[index] === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += widths[index];
  });
  return bytes;
}

let table: Uint32Array | undefined;

function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value >>> 0;
  });
  let sum = 0xffffffff;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
