import { FinkError } from "../errors.ts";
import { type AvroField, type AvroType, parseSchema } from "./schema.ts";

/** Writes one value as a bare Avro datum (Avro 1.12, "Binary Encoding"). Throws FinkError "avro" that names the field. */
export type Encoder = (value: unknown) => Uint8Array;

/**
 * Makes an encoder for the schema. Records and maps are objects, int, float and double numbers, long a bigint or a safe
 * integer, bytes and fixed Uint8Array, enums their symbol. A union takes null (or a missing field) as null, anything else
 * as its first branch that can hold it.
 */
export function compileEncoder(schemaText: string): Encoder {
  const write = writerOf(parseSchema(schemaText));
  const out: Output = { bytes: Buffer.allocUnsafeSlow(1 << 16), at: 0 };
  return (value) => {
    out.at = 0;
    try {
      write(out, value);
    } catch (error) {
      throw error instanceof Mismatch ? new FinkError("avro", `cannot encode ${error.path.join(".") || "the value"}: ${error.message}`) : error;
    }
    return new Uint8Array(out.bytes.subarray(0, out.at)); // a copy
  };
}

interface Output {
  bytes: Buffer;
  at: number;
}

type Write = (out: Output, value: unknown) => void;

/** A value that its type cannot hold; each container it passes on its way up puts its own step in front of the path. */
class Mismatch extends Error {
  readonly path: (string | number)[] = [];
}

function mismatch(value: unknown, expected: string): Mismatch {
  const text = typeof value === "object" && value !== null ? value.constructor?.name : JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v));
  return new Mismatch(`${text?.slice(0, 60)} is not ${expected}`);
}

function within(step: string | number, error: unknown): unknown {
  if (error instanceof Mismatch) error.path.unshift(step);
  return error;
}

function writerOf(type: AvroType): Write {
  switch (type.kind) {
    case "record":
      return recordWriter(type.fields);
    case "union":
      return unionWriter(type.branches);
    case "array":
      return arrayWriter(writerOf(type.items));
    case "map":
      return mapWriter(writerOf(type.values));
    case "enum": {
      const { symbols } = type;
      return checked(type, `one of ${symbols.join(", ")}`, (out, value) => writeInt(out, symbols.indexOf(value as string)));
    }
    case "fixed":
      return checked(type, `${type.size} bytes`, (out, value) => writeRaw(out, value as Uint8Array));
    case "null":
      return checked(type, "null", () => {});
    default:
      return checked(type, `of type ${type.kind}`, primitiveWriters[type.kind]);
  }
}

function checked(type: AvroType, expected: string, write: Write): Write {
  const holds = holdsOf(type);
  return (out, value) => {
    if (!holds(value)) throw mismatch(value, expected);
    write(out, value);
  };
}

const primitiveWriters: Record<"boolean" | "int" | "long" | "float" | "double" | "string" | "bytes", Write> = {
  boolean: (out, value) => writeInt(out, value ? -1 : 0), // zigzag of -1 is the byte 1
  int: (out, value) => writeInt(out, value as number),
  long: (out, value) => (typeof value === "number" && value === (value | 0) ? writeInt(out, value) : writeLong(out, BigInt(value as number | bigint))),
  float(out, value) {
    reserve(out, 4);
    out.at = out.bytes.writeFloatLE(value as number, out.at);
  },
  double(out, value) {
    reserve(out, 8);
    out.at = out.bytes.writeDoubleLE(value as number, out.at);
  },
  string(out, value) {
    const length = Buffer.byteLength(value as string);
    writeInt(out, length);
    reserve(out, length);
    out.at += out.bytes.write(value as string, out.at);
  },
  bytes(out, value) {
    writeInt(out, (value as Uint8Array).length);
    writeRaw(out, value as Uint8Array);
  },
};

function recordWriter(fields: readonly AvroField[]): Write {
  const names = fields.map((f) => f.name);
  const writers = fields.map((f) => writerOf(f.type));
  return (out, value) => {
    if (!isObject(value)) throw mismatch(value, "a record");
    let i = 0;
    try {
      for (; i < names.length; i++) writers[i](out, value[names[i]]);
    } catch (error) {
      throw within(names[i], error);
    }
  };
}

function unionWriter(branches: readonly AvroType[]): Write {
  const writers = branches.map(writerOf);
  const tests = branches.map(holdsOf);
  const nullBranch = branches.findIndex((b) => b.kind === "null");
  const only = branches.length === 2 && nullBranch >= 0 ? 1 - nullBranch : -1;
  const expected = `one of ${branches.map((b) => b.kind).join(", ")}`;
  return (out, value) => {
    if (nullBranch >= 0 && (value === null || value === undefined)) return writeInt(out, nullBranch);
    const branch = only >= 0 ? only : tests.findIndex((holds) => holds(value));
    if (branch < 0) throw mismatch(value, expected);
    writeInt(out, branch);
    writers[branch](out, value);
  };
}

function arrayWriter(item: Write): Write {
  return (out, value) => {
    if (!Array.isArray(value)) throw mismatch(value, "an array");
    if (value.length > 0) writeInt(out, value.length);
    let i = 0;
    try {
      for (; i < value.length; i++) item(out, value[i]);
    } catch (error) {
      throw within(i, error);
    }
    writeInt(out, 0);
  };
}

function mapWriter(write: Write): Write {
  return (out, value) => {
    if (!isObject(value)) throw mismatch(value, "a map");
    const entries = Object.entries(value);
    if (entries.length > 0) writeInt(out, entries.length);
    for (const [key, entry] of entries) {
      primitiveWriters.string(out, key);
      try {
        write(out, entry);
      } catch (error) {
        throw within(key, error);
      }
    }
    writeInt(out, 0);
  };
}

/** Tells whether a type can hold a value exactly (a float rounds). */
function holdsOf(type: AvroType): (value: unknown) => boolean {
  switch (type.kind) {
    case "null":
      return (v) => v === null || v === undefined;
    case "boolean":
    case "string":
      return (v) => typeof v === type.kind;
    case "int":
      return (v) => typeof v === "number" && v === (v | 0);
    case "long":
      return (v) => (typeof v === "bigint" ? v === BigInt.asIntN(64, v) : Number.isSafeInteger(v));
    case "float":
    case "double":
      return (v) => typeof v === "number";
    case "bytes":
      return (v) => v instanceof Uint8Array;
    case "fixed":
      return (v) => v instanceof Uint8Array && v.length === type.size;
    case "enum":
      return (v) => type.symbols.includes(v as string);
    default:
      return holdsContainer(type);
  }
}

function holdsContainer(type: AvroType & { kind: "record" | "union" | "array" | "map" }): (value: unknown) => boolean {
  if (type.kind === "union") {
    const tests = type.branches.map(holdsOf);
    return (v) => tests.some((holds) => holds(v));
  }
  if (type.kind === "record") {
    const tests = type.fields.map((f) => ({ name: f.name, holds: holdsOf(f.type) }));
    return (v) => isObject(v) && tests.every((t) => t.holds(v[t.name]));
  }
  const holds = holdsOf(type.kind === "array" ? type.items : type.values);
  return type.kind === "array" ? (v) => Array.isArray(v) && v.every(holds) : (v) => isObject(v) && Object.values(v).every(holds);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function reserve(out: Output, length: number): void {
  if (out.at + length <= out.bytes.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * out.bytes.length, out.at + length));
  out.bytes.copy(larger, 0, 0, out.at);
  out.bytes = larger;
}

function writeRaw(out: Output, bytes: Uint8Array): void {
  reserve(out, bytes.length);
  out.bytes.set(bytes, out.at);
  out.at += bytes.length;
}

/** Zigzag varint of a number that fits 32 bits. */
function writeInt(out: Output, value: number): void {
  reserve(out, 5);
  let rest = (value << 1) ^ (value >> 31);
  while (rest & ~0x7f) {
    out.bytes[out.at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out.bytes[out.at++] = rest;
}

const words = new Int32Array(2);
const asLong = new BigInt64Array(words.buffer);

/** Zigzag varint of 64 bits, in two halves of 32 because BigInt arithmetic allocates; the low word comes first on all of Node's machines but s390x. */
function writeLong(out: Output, value: bigint): void {
  reserve(out, 10);
  asLong[0] = value;
  const sign = words[1] >> 31;
  let low = (words[0] << 1) ^ sign;
  let high = ((words[1] << 1) | (words[0] >>> 31)) ^ sign;
  while (high !== 0 || low & ~0x7f) {
    out.bytes[out.at++] = (low & 0x7f) | 0x80;
    low = (low >>> 7) | (high << 25);
    high >>>= 7;
  }
  out.bytes[out.at++] = low;
}
