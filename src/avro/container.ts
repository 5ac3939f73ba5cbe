import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import { FinkError, messageOf } from "../errors.ts";
import { type CodecName, codecNamed, compress, decompress } from "./codecs.ts";
import { type Cursor, encodeLong, maxVarintBytes, readLong } from "./varint.ts";

// Object container file (Avro 1.12): magic, map of metadata, sync marker; then blocks of
// record count, byte length, records, sync marker.
const magic = Uint8Array.from([0x4f, 0x62, 0x6a, 0x01]); // "Obj" and the version
const syncBytes = 16;

/** Most bytes a block's count and length can take. */
export const frameHeadBytes = 2 * maxVarintBytes;

export interface ContainerHeader {
  /** UTF-8 JSON of the writer's schema. */
  readonly schema: Uint8Array;
  readonly codec: string;
  readonly sync: Uint8Array;
  /** Where the blocks begin. */
  readonly end: number;
}

/**
 * A block as it lies in the file from `at`: `count` records in the bytes from `start` to `end`,
 * `next` after its sync marker.
 */
export interface Frame {
  readonly at: number;
  readonly count: number;
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** A block to decode: `count` records in `bytes` from `start` to `end`. */
export interface Block {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Reads the header of a container; its fields are views of `bytes`. */
export function readContainerHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
): ContainerHeader {
  const cursor = { bytes, at: start, end };
  readMagic(cursor);
  const metadata = readMetadata(cursor);
  const schema = metadata.get("avro.schema");
  if (!schema) throw bad("the header has no avro.schema");
  if (!isUtf8(schema)) throw bad("the schema in the header is not UTF-8");
  const codec = Buffer.from(metadata.get("avro.codec") ?? "null").toString("latin1");
  return { schema, codec, ...readSync(cursor) };
}

/**
 * Reads headers; one whose metadata came before costs a comparison and gives the same `schema`
 * object again.
 */
export class ContainerHeaders {
  #known: { metadata: Buffer; schema: Uint8Array; codec: string }[] = [];

  read(bytes: Uint8Array, start: number, end: number): ContainerHeader {
    const known = this.#known.find(({ metadata }) => {
      const stop = start + metadata.length;
      return stop <= end && metadata.compare(bytes, start, stop) === 0;
    });
    if (known)
      return {
        schema: known.schema,
        codec: known.codec,
        ...readSync({ bytes, at: start + known.metadata.length, end }),
      };
    const header = readContainerHeader(bytes, start, end);
    // Copies, for the caller reuses its bytes; few, for a hostile sender could make each one
    // different.
    const metadata = Buffer.from(bytes.subarray(start, header.end - syncBytes));
    const schema = Uint8Array.from(header.schema); // `slice` of a Buffer is no copy
    this.#known = [{ metadata, schema, codec: header.codec }, ...this.#known].slice(0, 16);
    return { ...header, schema };
  }
}

/**
 * The blocks of a container, each checked before it is given. Without a codec a block is a range of
 * `bytes`; with one it is decompressed, to at most `maxBytes` for all blocks together.
 */
export function* containerBlocks(
  bytes: Uint8Array,
  header: ContainerHeader,
  end: number,
  maxBytes: number,
): Generator<Block> {
  const codec = codecNamed(header.codec);
  let left = maxBytes;
  let number = 1;
  for (let at = header.end; at < end; number++) {
    const frame = readFrame({ bytes, at, end }, header.sync, number);
    const block = unpack(codec, bytes, frame, left, number);
    if (block.count > block.end - block.start) {
      throw bad(
        `block ${number} declares ${block.count} records in ${block.end - block.start} bytes`,
      );
    }
    if (codec !== "null") left -= block.end;
    at = frame.next;
    yield block;
  }
}

/** Reads where a block lies and checks the sync marker after it. */
export function readFrame(cursor: Cursor, sync: Uint8Array, number: number): Frame {
  const frame = readFrameHead(cursor, number);
  const { start, end } = frame;
  if (end + syncBytes > cursor.end) {
    throw bad(
      `block ${number} declares ${end - start} bytes and a sync marker, of which ${cursor.end - start} are there`,
    );
  }
  if (Buffer.compare(cursor.bytes.subarray(end, end + syncBytes), sync) !== 0) {
    throw bad(`sync marker after block ${number} differs from the header's`);
  }
  return frame;
}

/** Reads a block's count and length only: `next` may lie beyond the bytes that are there. */
export function readFrameHead(cursor: Cursor, number: number): Frame {
  const { at } = cursor;
  const count = readLong(cursor, `the record count of block ${number}`);
  if (count < 0 || count > maxRecords) throw bad(`block ${number} declares ${count} records`);
  const size = readLong(cursor, `the length of block ${number}`);
  if (size < 0 || !Number.isSafeInteger(size))
    throw bad(`block ${number} declares a length of ${size} bytes`);
  const end = cursor.at + size;
  return { at, count, start: cursor.at, end, next: end + syncBytes };
}

/**
 * More than any block holds; keeps sums of counts exact and positions in the lake's log within 64
 * bits.
 */
const maxRecords = 2 ** 31;

/** Sum of the declared record counts, up to the first damaged block. 0 for what is no container. */
export function countRecords(bytes: Uint8Array, start: number, end: number): number {
  let records = 0;
  try {
    const header = readContainerHeader(bytes, start, end);
    for (let at = header.end; at < end;) {
      const frame = readFrame({ bytes, at, end }, header.sync, 1);
      records += frame.count;
      at = frame.next;
    }
  } catch (error) {
    if (!(error instanceof FinkError)) throw error;
  }
  return records;
}

/** What a container is made from: each block is a list of encoded records. */
export interface ContainerContent {
  /** JSON text of the schema. */
  readonly schema: string;
  readonly blocks: readonly (readonly Uint8Array[])[];
  readonly codec?: CodecName;
  readonly sync?: Uint8Array;
}

export function writeContainer({
  schema,
  blocks,
  codec = "null",
  sync = randomBytes(syncBytes),
}: ContainerContent): Uint8Array {
  const text = (value: string): Uint8Array[] => {
    const bytes = new TextEncoder().encode(value);
    return [encodeLong(bytes.length), bytes];
  };
  const entries = [...text("avro.schema"), ...text(schema), ...text("avro.codec"), ...text(codec)];
  const body = blocks.flatMap((records) => {
    const block = compress(codec, Buffer.concat(records));
    return [encodeLong(records.length), encodeLong(block.length), block, sync];
  });
  return Buffer.concat([magic, encodeLong(2), ...entries, encodeLong(0), sync, ...body]);
}

function readMagic(cursor: Cursor): void {
  const found = readBytes(cursor, Math.min(magic.length, cursor.end - cursor.at), "the magic");
  if (Buffer.compare(found, magic) === 0) return;
  throw bad(
    `not an Avro container file: it begins with ${found.length === 0 ? "nothing" : Buffer.from(found).toString("hex")}, not with 4f626a01`,
  );
}

const maxEntries = 1000;

/** A map comes in blocks; a negative count has the block's byte size after it. */
function readMetadata(cursor: Cursor): Map<string, Uint8Array> {
  const metadata = new Map<string, Uint8Array>();
  let entries = 0;
  for (;;) {
    const count = readLong(cursor, "the header");
    if (count === 0) return metadata;
    if (count < 0) readLong(cursor, "the header");
    entries += Math.abs(count);
    if (entries > maxEntries)
      throw bad(`the header declares ${entries} entries; the limit is ${maxEntries}`);
    for (let i = 0; i < Math.abs(count); i++) {
      const key = readBytes(cursor, readLong(cursor, "the header"), "the header");
      metadata.set(
        Buffer.from(key).toString("latin1"),
        readBytes(cursor, readLong(cursor, "the header"), "the header"),
      );
    }
  }
}

function readSync(cursor: Cursor): { sync: Uint8Array; end: number } {
  return { sync: readBytes(cursor, syncBytes, "the header's sync marker"), end: cursor.at };
}

function readBytes(cursor: Cursor, size: number, what: string): Uint8Array {
  if (size < 0) throw bad(`${what} holds a length of ${size} bytes`);
  if (size > cursor.end - cursor.at) throw bad(`the message ends inside ${what}`);
  return cursor.bytes.subarray(cursor.at, (cursor.at += size));
}

function unpack(
  codec: CodecName,
  bytes: Uint8Array,
  frame: Frame,
  maxBytes: number,
  number: number,
): Block {
  if (codec === "null") return { count: frame.count, bytes, start: frame.start, end: frame.end };
  try {
    const unpacked = decompress(codec, bytes.subarray(frame.start, frame.end), maxBytes);
    return { count: frame.count, bytes: unpacked, start: 0, end: unpacked.length };
  } catch (cause) {
    throw new FinkError("avro", `block ${number}: ${messageOf(cause)}`, cause);
  }
}

function bad(what: string): FinkError {
  return new FinkError("avro", what);
}
