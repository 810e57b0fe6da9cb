/** What a file is that is no photo, so that its refusal fits it. */

export type Refused = 'gone' | 'film' | 'pdf' | 'drawing' | 'webpage' | 'document' | 'raw';

const HEAD = 1024;

/** First bytes of Matroska and WebM, MPEG streams and files, Flash. */
const FILMS = ['\x1a\x45\xdf\xa3', '\0\0\x01\xb3', '\0\0\x01\xba', 'FLV\x01'];
/** Brands of ISO media files that are pictures: HEIF, AVIF. */
const PICTURES = /^(?:hei|hev|mif|msf|avi)/;
const DRAWING =
  /^(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE svg[^>]*>\s*)?(?:<!--.*?-->\s*)*<svg[\s>]/is;
const RAW = /\.(?:dng|cr[23w]|nef|arw|orf|rw2|raf|pef)$/i;

/** The kind of `file`; nothing where it may be a picture, or is not known. */
export async function kindOf(file: File): Promise<Refused | undefined> {
  let head: string;
  try {
    const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
    head = String.fromCharCode(...bytes);
  } catch {
    // Moved or deleted since it was chosen, or a folder.
    return 'gone';
  }
  if (isFilm(head)) return 'film';
  if (head.startsWith('%PDF-')) return 'pdf';
  if (head.startsWith('PK\x03\x04') || head.startsWith('\xd0\xcf\x11\xe0')) return 'document';
  if (RAW.test(file.name)) return 'raw';
  const words = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (DRAWING.test(words)) return 'drawing';
  if (/^<!doctype html|^<html[\s>]/i.test(words)) return 'webpage';
  return undefined;
}

function isFilm(head: string): boolean {
  if (FILMS.some((start) => head.startsWith(start))) return true;
  if (head.startsWith('RIFF')) return head.slice(8, 12) === 'AVI ';
  return head.slice(4, 8) === 'ftyp' && !PICTURES.test(head.slice(8, 12));
}
