/** What a file's bytes say about it before anything is decoded: format, size, whether its end is there. */

/** Formats by their first bytes. */
export interface Kind {
  format: string;
  /** in pixels as they are stored, before EXIF turns them; unknown of some formats, and where headers can't be followed */
  size?: { width: number; height: number } | undefined;
  /** the end that the headers promise isn't there; how much of the picture is, is the decoder's to say */
  truncated: boolean;
}

/** HEIF's brands for pictures of HEVC; AVIF has its own. */
const HEIC = /^(heic|heix|hevc|hevx|heim|heis|mif1|msf1)$/;

/** The kind of picture that `bytes`, a whole file, hold; nothing if they are none that is known here. */
export function sniff(bytes: Uint8Array): Kind | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from: number, to: number): string =>
    String.fromCharCode(...bytes.subarray(from, to));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, view);
  if (text(1, 4) === 'PNG' && bytes[0] === 0x89) return png(bytes, view);
  if (/^GIF8[79]a$/.test(text(0, 6))) {
    const whole = bytes.length >= 10;
    const size = whole
      ? { width: view.getUint16(6, true), height: view.getUint16(8, true) }
      : undefined;
    // Its first picture is whole long before its end.
    return { format: 'GIF', size, truncated: false };
  }
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') {
    const truncated = bytes.length < view.getUint32(4, true) + 8;
    return { format: 'WebP', size: webpSize(text(12, 16), view), truncated };
  }
  if (text(4, 8) === 'ftyp') {
    const brand = text(8, 12);
    const size = heifSize(bytes, view);
    if (brand.startsWith('avi')) return { format: 'AVIF', size, truncated: false };
    return HEIC.test(brand) ? { format: 'HEIC', size, truncated: false } : undefined;
  }
  if (text(0, 2) === 'BM') return { format: 'BMP', size: bmpSize(view), truncated: false };
  if (/^(II\*\0|MM\0\*)$/.test(text(0, 4))) return { format: 'TIFF', truncated: false };
  if (text(0, 4) === '8BPS') return { format: 'Photoshop', truncated: false };
  if (text(0, 5) === '%PDF-') return { format: 'PDF', truncated: false };
  if (text(4, 8) === 'JXL ') return { format: 'JPEG XL', truncated: false };
  return undefined;
}

function png(bytes: Uint8Array, view: DataView): Kind {
  const whole = bytes.length >= 24;
  const size = whole ? { width: view.getUint32(16), height: view.getUint32(20) } : undefined;
  const truncated = !has(bytes, [0x49, 0x45, 0x4e, 0x44], 24);
  return { format: 'PNG', size, truncated };
}

/** Of the canvas, or of the one picture: its header depends on the kind of the first chunk. */
function webpSize(chunk: string, view: DataView): Kind['size'] {
  if (view.byteLength < 30) return undefined;
  // 14 bits each; the two above are a scale for showing.
  const lossy = (at: number): number => view.getUint16(at, true) & 0x3fff;
  const lossless = view.getUint32(21, true);
  switch (chunk) {
    case 'VP8 ':
      return { width: lossy(26), height: lossy(28) };
    case 'VP8L':
      return { width: (lossless & 0x3fff) + 1, height: ((lossless >> 14) & 0x3fff) + 1 };
    case 'VP8X':
      // Three bytes each.
      return {
        width: (view.getUint32(24, true) & 0xffffff) + 1,
        height: (view.getUint32(26, true) >>> 8) + 1,
      };
    default:
      return undefined;
  }
}

/** Size of the oldest header, which has two bytes for each side. */
const BMP_CORE = 12;

function bmpSize(view: DataView): Kind['size'] {
  if (view.byteLength < 26) return undefined;
  if (view.getUint32(14, true) === BMP_CORE) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  // A negative height: the rows begin at the top.
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

const IMAGE_EXTENT = [0x69, 0x73, 0x70, 0x65];
/** Its type, its version, and both sides. */
const IMAGE_EXTENT_BYTES = 16;

/** The largest of the pictures that the file's first box of metadata lists: others are tiles of it, or smaller copies. */
function heifSize(bytes: Uint8Array, view: DataView): Kind['size'] {
  let size: Kind['size'];
  const end = endOfMeta(bytes, view);
  for (let at = 0; at + IMAGE_EXTENT_BYTES <= end; at++) {
    if (!IMAGE_EXTENT.every((byte, index) => bytes[at + index] === byte)) continue;
    const found = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (size === undefined || found.width * found.height > size.width * size.height) size = found;
  }
  return size;
}

/** Where the box `meta` ends, which lies beside `ftyp` and others; 0 where there is none. */
function endOfMeta(bytes: Uint8Array, view: DataView): number {
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    const end = Math.min(at + length, bytes.length);
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === 'meta') return end;
    // 0: to the file's end; 1: longer than four bytes can say, which only pictures themselves are.
    if (length < 8) return 0;
    at = end;
  }
  return 0;
}

const START_OF_SCAN = 0xda;
/** A JPEG's last two bytes. */
export const END_OF_IMAGE = [0xff, 0xd9];

/** Frame headers: SOF0 to SOF15 but for DHT, JPG and DAC, which lie between. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** Markers without anything behind them: TEM, and RST0 to RST7. */
function isAlone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

function jpeg(bytes: Uint8Array, view: DataView): Kind {
  let size: Kind['size'];
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff && bytes[at + 1] !== START_OF_SCAN) {
    const marker = bytes[at + 1];
    if (isFrame(marker)) {
      size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    // Before a marker there may be any number of fill bytes.
    if (marker === 0xff) at += 1;
    else at += 2 + (isAlone(marker) ? 0 : view.getUint16(at + 2));
  }
  const isFollowed = at + 9 >= bytes.length || bytes[at] === 0xff;
  // Looked for behind the headers, which may hold a small picture with an end of its own. What phones put behind the end,
  // more pictures or a film, does no harm.
  return { format: 'JPEG', size, truncated: isFollowed && !has(bytes, END_OF_IMAGE, at) };
}

/** Whether `mark` occurs at `first` or later. */
function has(bytes: Uint8Array, mark: number[], first: number): boolean {
  for (let at = bytes.length - mark.length; at >= first; at--) {
    if (mark.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
