import {
  crc32,
  deflateRawSync,
  inflateRawSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { FinkError, messageOf } from "../errors.ts";
import { decompressSnappy, storeSnappy } from "./snappy.ts";

/**
 * Codecs of the data blocks of a container file (Avro 1.12, "Required Codecs" and "Optional
 * Codecs").
 */
export const codecNames = ["null", "deflate", "snappy", "zstandard"] as const;
export type CodecName = (typeof codecNames)[number];

/** The codec of that name, or an error that names the supported ones. */
export function codecNamed(name: string): CodecName {
  const codec = codecNames.find((known) => known === name);
  if (codec) return codec;
  throw new FinkError(
    "avro",
    `codec ${JSON.stringify(name.slice(0, 40))} is not supported; supported are ${codecNames.join(", ")}`,
  );
}

/** Reads one block. Refused without inflating it where it takes more than `maxBytes`. */
export function decompress(codec: CodecName, block: Uint8Array, maxBytes: number): Uint8Array {
  switch (codec) {
    case "null":
      return block;
    case "snappy":
      return withoutCrc(block, maxBytes);
    case "deflate":
      return bounded(codec, maxBytes, () =>
        inflateRawSync(block, { maxOutputLength: Math.max(1, maxBytes) }),
      );
    case "zstandard":
      return bounded(codec, maxBytes, () =>
        zstdDecompressSync(block, { maxOutputLength: Math.max(1, maxBytes) }),
      );
  }
}

export function compress(codec: CodecName, block: Uint8Array): Uint8Array {
  switch (codec) {
    case "null":
      return block;
    case "deflate":
      return deflateRawSync(block);
    case "zstandard":
      return zstdCompressSync(block);
    case "snappy": {
      const checksum = Buffer.alloc(4);
      checksum.writeUInt32BE(crc32(block));
      return Buffer.concat([storeSnappy(block), checksum]);
    }
  }
}

/** Avro puts the big-endian CRC-32 of the uncompressed bytes after the snappy stream. */
function withoutCrc(block: Uint8Array, maxBytes: number): Uint8Array {
  const end = block.length - 4;
  if (end < 1)
    throw new FinkError(
      "avro",
      `a snappy block of ${block.length} bytes has no room for its checksum`,
    );
  const bytes = decompressSnappy(block.subarray(0, end), maxBytes);
  const declared = new DataView(block.buffer, block.byteOffset, block.length).getUint32(end);
  const actual = crc32(bytes);
  if (declared !== actual)
    throw new FinkError(
      "avro",
      `CRC-32 of the snappy block is ${hex(actual)}, the block says ${hex(declared)}`,
    );
  return bytes;
}

function bounded(codec: CodecName, maxBytes: number, inflate: () => Uint8Array): Uint8Array {
  try {
    return inflate();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw new FinkError(
        "avro",
        `the ${codec} block decompresses to more than ${maxBytes} bytes`,
        cause,
      );
    }
    throw new FinkError("avro", `the ${codec} block is damaged: ${messageOf(cause)}`, cause);
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
