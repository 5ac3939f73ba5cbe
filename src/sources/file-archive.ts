import { Readable, pipeline } from "node:stream";
import { promisify } from "node:util";
import { createGunzip, createZstdDecompress, gunzip, zstdDecompress } from "node:zlib";
import { messageOf } from "../errors.ts";
import { alertFileFormat, type Packing, unpackAdvice } from "./file-format.ts";
import { filePieces, type Piece, wholeBytes, wholePiece } from "./file-pieces.ts";

/** A file in an archive. Its bytes can be read once, before the next member is asked for. */
export interface ArchiveMember {
  /** Path in the archive. */
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Told of members that may hold alerts and are not read, with the reason. */
export type PassedOver = (reason: string) => void;

/**
 * The bytes of a file as they were before it was compressed. Ends with an error when they are cut.
 */
export function unpacked(
  bytes: AsyncIterable<Uint8Array>,
  packing: Packing,
): AsyncIterable<Uint8Array> {
  if (packing === "none") return bytes;
  const unpack =
    packing === "gzip"
      ? createGunzip({ chunkSize: 1 << 18 })
      : createZstdDecompress({ chunkSize: 1 << 18 });
  // an error of either destroys `unpack`, and so ends the loop of whoever reads it
  pipeline(Readable.from(bytes, { objectMode: false }), unpack, () => {});
  return unpack;
}

/** The messages of all alert files in an archive, in the order of its members. */
export async function* archivePieces(
  members: AsyncIterable<ArchiveMember>,
  passedOver: PassedOver,
): AsyncGenerator<Piece> {
  for await (const member of members) {
    const name = member.name.split("/").at(-1) ?? "";
    if (name.startsWith(".")) continue; // what macOS adds beside each file
    const format = alertFileFormat(name);
    if (format?.kind === "alerts") yield* memberPieces(member, format.packing, passedOver);
    else if (format || /\.parquet$/i.test(name))
      passedOver(
        `${member.name} in it is not read there. Unpack the archive and ingest the folder`,
      );
    else {
      const advice = unpackAdvice(member.name);
      if (advice) passedOver(advice);
    }
  }
}

const unpackWhole = { gzip: promisify(gunzip), zstd: promisify(zstdDecompress) };
/** A small member that unpacks to more than this is streamed. */
const maxUnpackedBytes = 64 << 20;

/**
 * A small compressed member that is damaged becomes one message, which readers refuse: the members
 * after it keep their numbers.
 */
async function* memberPieces(
  { name, bytes }: ArchiveMember,
  packing: Packing,
  passedOver: PassedOver,
): AsyncGenerator<Piece> {
  if (packing === "none") return yield* filePieces(bytes);
  const chunks = bytes[Symbol.asyncIterator]();
  const head = await firstBytes(chunks);
  if (head.length > wholeBytes) return yield* filePieces(unpacked(joined(head, chunks), packing));
  let whole: Uint8Array;
  try {
    whole = await unpackWhole[packing](head, { maxOutputLength: maxUnpackedBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      return yield* filePieces(unpacked(joined(head, chunks), packing));
    passedOver(`${name} in it cannot be unpacked: ${messageOf(error)}. It is counted as rejected`);
    return yield wholePiece(head);
  }
  yield* filePieces(joined(whole, chunks));
}

/** All of it, or somewhat more than `wholeBytes`. */
async function firstBytes(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length <= wholeBytes) {
    const { done, value } = await chunks.next();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  return Buffer.concat(parts, length);
}

async function* joined(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
