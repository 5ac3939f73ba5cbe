import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline, type Readable } from "node:stream";
import { createInflateRaw, createZstdDecompress } from "node:zlib";
import { FinkError } from "../errors.ts";
import type { ArchiveMember, PassedOver } from "./file-archive.ts";

// APPNOTE.TXT 6.3.10: the end record at the end of the file says where the central directory is,
// which says where each member is.
const endRecord = 0x06054b50;
const end64Record = 0x06064b50;
const centralRecord = 0x02014b50;
const localRecord = 0x04034b50;
/** The end record, and the comment after it. */
const maxEndBytes = 22 + 0xffff;
const maxDirectoryBytes = 1 << 30;
const isEncrypted = 1;
const methods = { stored: 0, deflated: 8, zstd: 93 };

interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  /** Bytes of the member as it lies in the file. */
  readonly size: number;
  /** Offset of its local header. */
  readonly at: number;
}

/**
 * The files of a zip archive, in the order of its directory. `read` is told how far in the file we
 * are.
 */
export async function* zipMembers(
  path: string,
  passedOver: PassedOver,
  read: (bytes: number) => void,
): AsyncGenerator<ArchiveMember> {
  const file = await open(path);
  try {
    for (const entry of entriesIn(await directoryOf(file))) {
      if (entry.name.endsWith("/")) continue;
      if (entry.flags & isEncrypted)
        passedOver(
          `${entry.name} in it is encrypted. Unpack the archive with its password and ingest the folder`,
        );
      else if (!Object.values(methods).includes(entry.method))
        passedOver(
          `${entry.name} in it is compressed by method ${entry.method}. Unpack the archive and ingest the folder`,
        );
      else yield { name: entry.name, bytes: bytesOf(path, entry, await dataStart(file, entry)) };
      read(entry.at + entry.size);
    }
  } finally {
    await file.close();
  }
}

async function directoryOf(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const tail = await bytesAt(file, Math.max(0, size - maxEndBytes), Math.min(size, maxEndBytes));
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endRecord) end--;
  if (end < 0) throw bad("it has no directory");
  let [length, start] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (length === 0xffffffff || start === 0xffffffff || tail.readUInt16LE(end + 10) === 0xffff) {
    // a record of 20 bytes before the end record says where the large one is
    if (end < 20) throw bad("its directory is damaged");
    const large = await bytesAt(file, Number(tail.readBigUInt64LE(end - 12)), 56);
    if (large.readUInt32LE(0) !== end64Record) throw bad("its directory is damaged");
    [length, start] = [Number(large.readBigUInt64LE(40)), Number(large.readBigUInt64LE(48))];
  }
  if (length > maxDirectoryBytes || start + length > size) throw bad("its directory is damaged");
  return await bytesAt(file, start, length);
}

function* entriesIn(directory: Buffer): Generator<ZipEntry> {
  for (let at = 0; at + 46 <= directory.length;) {
    if (directory.readUInt32LE(at) !== centralRecord) throw bad("its directory is damaged");
    const [name, extra, comment] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field));
    const next = at + 46 + name + extra + comment;
    if (next > directory.length) throw bad("its directory is damaged");
    const large = largeNumbers(directory.subarray(at + 46 + name, at + 46 + name + extra));
    const number = (field: number): number =>
      directory.readUInt32LE(at + field) === 0xffffffff
        ? large()
        : directory.readUInt32LE(at + field);
    number(24); // the size unpacked comes first among the large numbers
    const [size, start] = [number(20), number(42)];
    const text = directory.toString("utf8", at + 46, at + 46 + name);
    yield {
      name: text,
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      size,
      at: start,
    };
    at = next;
  }
}

/** The 64-bit numbers of an entry (extra field 1), one after the other. */
function largeNumbers(extra: Buffer): () => number {
  let at = 0;
  let end = 0;
  for (
    let field = 0;
    field + 4 <= extra.length && end === 0;
    field += 4 + extra.readUInt16LE(field + 2)
  ) {
    if (extra.readUInt16LE(field) === 1)
      [at, end] = [field + 4, Math.min(extra.length, field + 4 + extra.readUInt16LE(field + 2))];
  }
  return () => {
    if (at + 8 > end) throw bad("its directory is damaged");
    at += 8;
    return Number(extra.readBigUInt64LE(at - 8));
  };
}

async function dataStart(file: FileHandle, { name, at }: ZipEntry): Promise<number> {
  const header = await bytesAt(file, at, 30);
  if (header.readUInt32LE(0) !== localRecord) throw bad(`${name} is not where its directory says`);
  return at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

async function* bytesOf(
  path: string,
  { method, size }: ZipEntry,
  start: number,
): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  const stored: Readable = createReadStream(path, {
    start,
    end: start + size - 1,
    highWaterMark: 1 << 18,
  });
  if (method === methods.stored) return yield* stored as AsyncIterable<Uint8Array>;
  const unpack = method === methods.deflated ? createInflateRaw() : createZstdDecompress();
  pipeline(stored, unpack, () => {});
  yield* unpack as AsyncIterable<Uint8Array>;
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw bad("it ends too early");
  return buffer;
}

function bad(what: string): FinkError {
  return new FinkError("io", `not a whole zip archive: ${what}`);
}
