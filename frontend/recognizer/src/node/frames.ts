/**
 * Frames over a stream of bytes: uint32 LE length of a JSON header, the header in UTF-8, `header.bytes` bytes of payload.
 */
import { RequestError } from '../errors';

export interface Header {
  /** length of the payload, 0 if not given */
  bytes?: number;
  [key: string]: unknown;
}

export interface Frame {
  header: Header;
  payload: Uint8Array<ArrayBuffer>;
}

const LENGTH_BYTES = 4;
const MAX_HEADER_BYTES = 64 * 1024 * 1024;

export function encodeFrame(header: object, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify({ ...header, bytes: payload.length }));
  const frame = new Uint8Array(LENGTH_BYTES + text.length + payload.length);
  new DataView(frame.buffer).setUint32(0, text.length, true);
  frame.set(text, LENGTH_BYTES);
  frame.set(payload, LENGTH_BYTES + text.length);
  return frame;
}

/**
 * The frames of `stream` until it ends.
 *
 * @throws RequestError if a header is not JSON, or the stream ends within a frame
 */
export async function* frames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const source = new Bytes(stream);
  for (;;) {
    const length = await source.take(LENGTH_BYTES, true);
    if (length === undefined) return;
    const headerBytes = new DataView(length.buffer).getUint32(0, true);
    if (headerBytes > MAX_HEADER_BYTES) {
      throw new RequestError(`A header of ${String(headerBytes)} bytes can't be: not a frame`);
    }
    const header = parseHeader(await source.take(headerBytes));
    yield { header, payload: await source.take(header.bytes ?? 0) };
  }
}

function parseHeader(bytes: Uint8Array): Header {
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes)) as Header;
  } catch {
    throw new RequestError("A frame's header is not JSON");
  }
  const { bytes: length = 0 } = header;
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RequestError(`A payload of ${String(length)} bytes can't be`);
  }
  return header;
}

/** Exact numbers of bytes out of chunks of any size. */
class Bytes {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.chunks = stream[Symbol.asyncIterator]();
  }

  async take(count: number): Promise<Uint8Array<ArrayBuffer>>;
  async take(count: number, orEnd: true): Promise<Uint8Array<ArrayBuffer> | undefined>;
  async take(count: number, orEnd = false): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const taken = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      if (this.rest.length === 0) {
        const chunk = await this.chunks.next();
        if (chunk.done === true) {
          if (orEnd && at === 0) return undefined;
          throw new RequestError('The stream ends within a frame');
        }
        this.rest = chunk.value;
      }
      const part = this.rest.subarray(0, count - at);
      taken.set(part, at);
      at += part.length;
      this.rest = this.rest.subarray(part.length);
    }
    return taken;
  }
}
