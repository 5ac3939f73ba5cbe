import {
  type ContainerHeader,
  countRecords,
  type Frame,
  frameHeadBytes,
  readContainerHeader,
  readFrame,
  readFrameHead,
} from "../avro/container.ts";
import { FinkError } from "../errors.ts";

/** A part of a file that is a message of its own. */
export interface Piece {
  /** Good until the next piece is asked for. */
  readonly bytes: Uint8Array;
  /** Records it declares, at least 1: what cannot be read takes a number too. */
  readonly records: number;
}

/**
 * A file of at most this size is one piece. Other limits would cut the same file at other records.
 */
export const wholeBytes = 4 << 20;
const pieceBytes = 1 << 20;
const maxBlockBytes = 256 << 20;
const maxDamagedBytes = 64 << 20;

export function wholePiece(bytes: Uint8Array): Piece {
  return { bytes, records: Math.max(1, countRecords(bytes, 0, bytes.length)) };
}

/**
 * The piece without the whole blocks among its first `records`: those were read before the file has
 * grown.
 */
export function withoutFirst(records: number, { bytes }: Piece): Piece {
  const { sync, end: head } = readContainerHeader(bytes, 0, bytes.length);
  const frameAt = (at: number): Frame => readFrame({ bytes, at, end: bytes.length }, sync, 1);
  let frame = frameAt(head);
  let left = records;
  for (; frame.count <= left; frame = frameAt(frame.next)) left -= frame.count;
  return wholePiece(Buffer.concat([bytes.subarray(0, head), bytes.subarray(frame.at)]));
}

/**
 * The messages of one file: a small one whole, a large container as containers of about 1 MB.
 * Nothing is left out: from a damaged block to the next sync marker (at most 64 MB) is a piece too,
 * which readers will refuse.
 */
export async function* filePieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  const window = new Window(chunks);
  await window.fill(wholeBytes + 1);
  if (window.bytes.length <= wholeBytes) {
    yield wholePiece(window.take(window.bytes.length));
    return;
  }
  const header = headerOf(window.bytes);
  const head = header ? window.take(header.end) : new Uint8Array(0);
  while (await window.fill(1)) {
    const blocks = header ? await wholeBlocks(window, header.sync) : { end: 0, records: 0 };
    const end = blocks.end || (await damageEnd(window, header?.sync));
    yield { bytes: Buffer.concat([head, window.take(end)]), records: Math.max(1, blocks.records) };
  }
}

/** Bytes of a stream that were not taken yet. */
class Window {
  bytes: Uint8Array = new Uint8Array(0);
  readonly #chunks: AsyncIterator<Uint8Array>;
  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * Waits for `size` bytes; false when the stream ends before. Reads ahead, so that parts are
   * seldom joined.
   */
  async fill(size: number): Promise<boolean> {
    if (this.bytes.length >= size) return true;
    const parts = [this.bytes];
    let length = this.bytes.length;
    while (length < size + pieceBytes) {
      const { done, value } = await this.#chunks.next();
      if (done) break;
      parts.push(value);
      length += value.length;
    }
    this.bytes = Buffer.concat(parts, length);
    return length >= size;
  }

  take(size: number): Uint8Array {
    const taken = this.bytes.subarray(0, size);
    this.bytes = this.bytes.subarray(size);
    return taken;
  }
}

function headerOf(bytes: Uint8Array): ContainerHeader | null {
  return orNull(() => readContainerHeader(bytes, 0, bytes.length));
}

/** Where the whole blocks at the window's start end, once they reach the size of a piece. */
async function wholeBlocks(
  window: Window,
  sync: Uint8Array,
): Promise<{ end: number; records: number }> {
  let end = 0;
  let records = 0;
  while (end < pieceBytes) {
    const frame = await wholeFrame(window, end, sync);
    if (!frame) break;
    end = frame.next;
    records += frame.count;
  }
  return { end, records };
}

async function wholeFrame(window: Window, at: number, sync: Uint8Array): Promise<Frame | null> {
  await window.fill(at + frameHeadBytes);
  const head = orNull(() =>
    readFrameHead({ bytes: window.bytes, at, end: window.bytes.length }, 1),
  );
  if (!head || head.end - head.start > maxBlockBytes) return null;
  await window.fill(head.next);
  return orNull(() => readFrame({ bytes: window.bytes, at, end: window.bytes.length }, sync, 1));
}

async function damageEnd(window: Window, sync: Uint8Array | undefined): Promise<number> {
  for (let size = pieceBytes; ; size *= 2) {
    const isMore = await window.fill(size);
    const damaged = Buffer.from(
      window.bytes.buffer,
      window.bytes.byteOffset,
      Math.min(window.bytes.length, maxDamagedBytes),
    );
    const found = sync ? damaged.indexOf(sync) : -1;
    if (found >= 0) return found + (sync?.length ?? 0);
    if (!isMore || size >= maxDamagedBytes) return damaged.length;
  }
}

/** What cannot be read yields null. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof FinkError) return null;
    throw error;
  }
}
