import type { AvroType } from "../../src/avro/schema.ts";
import type { Value } from "./random.ts";

/**
 * The Avro binary encoding (Avro 1.12), written as plainly as the specification has it.
 * `blockSize`: items in a block of an array or map; negative: the block's count is negative and
 * followed by its size in bytes.
 */
export function encode(type: AvroType, value: Value, blockSize = 1000): Buffer {
  switch (type.kind) {
    case "null":
      return Buffer.alloc(0);
    case "boolean":
      return Buffer.of(Number(value));
    case "int":
    case "long":
      return varint(BigInt(value as number | bigint));
    case "float":
      return Buffer.from(Int32Array.of(value as number).buffer);
    case "double":
      return Buffer.from(BigInt64Array.of(value as bigint).buffer);
    case "string":
    case "bytes": {
      const bytes = Buffer.from(value as string);
      return Buffer.concat([varint(BigInt(bytes.length)), bytes]);
    }
    case "fixed":
      return value as Buffer;
    case "enum":
      return varint(BigInt(type.symbols.indexOf(value as string)));
    case "array":
      return blocks(
        (value as Value[]).map((item) => encode(type.items, item, blockSize)),
        blockSize,
      );
    case "map":
      return blocks(
        (value as [string, Value][]).map(([key, v]) =>
          Buffer.concat([encode({ kind: "string" }, key), encode(type.values, v, blockSize)]),
        ),
        blockSize,
      );
    case "record":
      return Buffer.concat(
        type.fields.map((f, i) => encode(f.type, (value as Value[])[i], blockSize)),
      );
    case "union": {
      const { branch, value: inner } = value as { branch: number; value: Value };
      return Buffer.concat([
        varint(BigInt(branch)),
        encode(type.branches[branch], inner, blockSize),
      ]);
    }
  }
}

function blocks(items: readonly Buffer[], blockSize: number): Buffer {
  const parts: Buffer[] = [];
  const size = Math.abs(blockSize);
  for (let i = 0; i < items.length; i += size) {
    const block = items.slice(i, i + size);
    const bytes = Buffer.concat(block);
    parts.push(
      blockSize < 0
        ? Buffer.concat([varint(BigInt(-block.length)), varint(BigInt(bytes.length))])
        : varint(BigInt(block.length)),
      bytes,
    );
  }
  return Buffer.concat([...parts, varint(0n)]);
}

/** Zigzag, least significant 7 bits first. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.of(...bytes, Number(rest));
}
