import { type Data, DataType } from "apache-arrow";
import type { AvroType } from "../../src/avro/schema.ts";
import type { Value } from "./random.ts";

/**
 * What one row of a column holds, without names: structs as the list of their children, bytes as
 * hex, numbers as they are stored.
 */
export function readColumn(data: Data, row: number): unknown {
  if (data.nullCount > 0 && !((data.nullBitmap[row >> 3] >> (row & 7)) & 1)) return null;
  const { type, values, valueOffsets } = data;
  if (DataType.isStruct(type)) return data.children.map((child) => readColumn(child, row));
  if (DataType.isList(type) || DataType.isMap(type)) {
    return Array.from({ length: valueOffsets[row + 1] - valueOffsets[row] }, (_, i) =>
      readColumn(data.children[0], valueOffsets[row] + i),
    );
  }
  if (DataType.isBool(type)) return ((values[row >> 3] >> (row & 7)) & 1) === 1;
  if (DataType.isDecimal(type)) return decimalAt(values, 4 * row);
  if (DataType.isFloat(type)) return bitsAt(values, row);
  if (!DataType.isUtf8(type) && !DataType.isBinary(type)) return values[row];
  const bytes = Buffer.from(values.subarray(valueOffsets[row], valueOffsets[row + 1]));
  return DataType.isUtf8(type) ? bytes.toString() : bytes.toString("hex");
}

/** A value as its column is to give it back; undefined: it has no column. */
export function expected(type: AvroType, value: Value): unknown {
  switch (type.kind) {
    case "null":
      return undefined;
    case "long":
      return type.logical === "timestamp-millis" ? (value as bigint) * 1000n : value;
    case "bytes":
    case "fixed":
      return type.decimal ? unscaled(value as Buffer) : (value as Buffer).toString("hex");
    case "array":
      return (value as Value[]).map((item) => itemOf(type.items, item));
    case "map":
      return (value as [string, Value][]).map(([key, v]) => [key, itemOf(type.values, v)]);
    case "record":
      return hasColumn(type)
        ? type.fields.flatMap((f, i) =>
            hasColumn(f.type) ? [expected(f.type, (value as Value[])[i])] : [],
          )
        : undefined;
    case "union": {
      const { branch, value: inner } = value as { branch: number; value: Value };
      const others = type.branches.filter((b) => b.kind !== "null");
      const chosen = type.branches[branch];
      if (chosen.kind === "null") return hasColumn(type) ? null : undefined;
      if (others.length === 1) return expected(chosen, inner);
      const children = others.flatMap((b) =>
        hasColumn(b) ? [b === chosen ? expected(b, inner) : null] : [],
      );
      return children.length === 0 ? undefined : children;
    }
    default:
      return value;
  }
}

/** Items without content are counted as `true`. */
function itemOf(type: AvroType, value: Value): unknown {
  return hasColumn(type) ? expected(type, value) : true;
}

export function hasColumn(type: AvroType): boolean {
  if (type.kind === "record") return type.fields.some((f) => hasColumn(f.type));
  return type.kind === "union" ? type.branches.some(hasColumn) : type.kind !== "null";
}

function unscaled(bytes: Buffer): bigint {
  return bytes.length === 0
    ? 0n
    : BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString("hex")}`));
}

function decimalAt(words: ArrayLike<number>, at: number): bigint {
  const parts = [0, 1, 2, 3].map((i) => BigInt(words[at + i] >>> 0) << BigInt(32 * i));
  return BigInt.asIntN(
    128,
    parts.reduce((a, b) => a | b),
  );
}

function bitsAt(values: Float32Array | Float64Array, row: number): number | bigint {
  return values instanceof Float32Array
    ? new Int32Array(values.buffer, values.byteOffset)[row]
    : new BigInt64Array(values.buffer, values.byteOffset)[row];
}
