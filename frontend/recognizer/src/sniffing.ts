/** What a file's bytes say about it before anything is decoded: format, size, whether its end is there. */

/** Formats by their first bytes. */
export interface Kind {
  format: string;
  /** in pixels as they are stored, before EXIF turns them; unknown of some formats */
  size?: { width: number; height: number } | undefined;
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
    return { format: 'WebP', truncated: bytes.length < view.getUint32(4, true) + 8 };
  }
  if (text(4, 8) === 'ftyp') {
    const brand = text(8, 12);
    if (brand.startsWith('avi')) return { format: 'AVIF', truncated: false };
    return HEIC.test(brand) ? { format: 'HEIC', truncated: false } : undefined;
  }
  if (text(0, 2) === 'BM') return { format: 'BMP', truncated: false };
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

const START_OF_SCAN = 0xda;

/** Frame headers: SOF0 to SOF15 but for DHT, JPG and DAC, which lie between. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

function jpeg(bytes: Uint8Array, view: DataView): Kind {
  let size: Kind['size'];
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff && bytes[at + 1] !== START_OF_SCAN) {
    if (isFrame(bytes[at + 1])) {
      size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    at += 2 + view.getUint16(at + 2);
  }
  // Looked for behind the headers, which may hold a small picture with an end of its own. What phones put behind the end,
  // more pictures or a film, does no harm.
  return { format: 'JPEG', size, truncated: !has(bytes, [0xff, 0xd9], at) };
}

/** Whether `mark` occurs at `first` or later. */
function has(bytes: Uint8Array, mark: number[], first: number): boolean {
  for (let at = bytes.length - mark.length; at >= first; at--) {
    if (mark.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
