import { isUtf8 } from "node:buffer";
import { FinkError } from "../errors.ts";
import { generate } from "./generate.ts";
import { type LayoutPlan, layOut } from "./layout.ts";
import { type AvroRecord, parseSchema } from "./schema.ts";

/**
 * Appends alerts of one writer's schema to columns. Columns, not objects: nothing is allocated per
 * alert.
 */
export interface Decoder {
  readonly schema: AvroRecord;
  /** The schema as its writer gave it. */
  readonly text: string;
  readonly plan: LayoutPlan;
  /** Alerts decoded and not cut. */
  rows(): number;
  /** Number of rows of each level; level 0 is the alert. */
  counts(): readonly number[];
  /** The arrays of the plan, longer than the rows; valid until the next decode. */
  arrays(): readonly Storage[];
  /**
   * Decodes the datum at [start, end) of `bytes` and returns the position after it. Throws
   * FinkError "avro" for bytes that are not what the schema says; the columns are then as before.
   */
  decode(bytes: Buffer, start: number, end: number): number;
  /** Drops the rows after those `counts()` gave earlier; `cut(start)` drops all. */
  cut(counts: readonly number[]): void;
  /** The counts of no rows at all. */
  readonly start: readonly number[];
}

/** Words of 32 bits, or bytes. */
export type Storage = Int32Array | Uint8Array;

/**
 * Generates a decoder for the schema text a writer gave. Top-level columns get other names than the
 * `reserved` ones.
 */
export function compileDecoder(
  schemaText: string,
  reserved: readonly string[] = [],
  memory: Memory = { left: maxMemory },
): Decoder {
  const schema = parseSchema(schemaText);
  if (schema.kind !== "record")
    throw new FinkError(
      "schema",
      `the Avro schema is of type ${schema.kind}; an alert has to be a record`,
    );
  const plan = layOut(schema, reserved);
  const { code, paths } = generate(schema, plan);
  const make = new Function("rt", `"use strict";\n${code}`) as (
    runtime: Runtime,
  ) => Omit<Decoder, "schema" | "text" | "plan" | "start">;
  const { left } = memory;
  try {
    return {
      schema,
      text: schemaText,
      plan,
      start: Array.from({ length: plan.levels }, () => 0),
      ...make(runtime(paths, memory)),
    };
  } catch (error) {
    memory.left = left; // what it took before there was too little
    throw error;
  }
}

/** Bytes that the arrays of decoders may still take; several decoders may share them. */
export interface Memory {
  left: number;
}

/**
 * The length of a message does not bound its columns: one byte may ask for a row of a thousand (a
 * null record in a list). Also keeps every offset within its 32 bits.
 */
export const maxMemory = 1 << 30;

/** Takes memory, or fails as an alert fails. */
export function take(memory: Memory, bytes: number): void {
  if (bytes > memory.left)
    throw new FinkError(
      "avro",
      "the message, with those decoded beside it, needs too much memory; try it alone: ./fink retry",
    );
  memory.left -= bytes;
}

/** What generated code calls for the rare and the wrong. */
interface Runtime {
  readonly isUtf8: (bytes: Uint8Array) => boolean;
  readonly words: (length: number) => Int32Array;
  readonly bytes: (length: number) => Uint8Array;
  readonly grown: (array: Storage, length: number) => Storage;
  readonly room: (data: Buffer, used: number, needed: number) => Buffer;
  readonly decimal: (
    bytes: Buffer,
    start: number,
    end: number,
    precision: number,
    words: Int32Array,
    at: number,
  ) => boolean;
  readonly fail: (what: string, path: number) => never;
  readonly wrap: (error: unknown) => unknown;
}

function runtime(paths: readonly string[], memory: Memory): Runtime {
  return {
    isUtf8,
    words(length) {
      take(memory, 4 * length);
      return new Int32Array(length);
    },
    bytes(length) {
      take(memory, length);
      return Buffer.allocUnsafeSlow(length);
    },
    grown(array, length) {
      take(memory, (length - array.length) * array.BYTES_PER_ELEMENT);
      const larger = array instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length);
      larger.set(array);
      return larger;
    },
    room(data, used, needed) {
      const length = Math.max(needed, Math.min(data.length * 2, data.length + (64 << 20)));
      take(memory, length - data.length);
      const larger = Buffer.allocUnsafeSlow(length);
      data.copy(larger, 0, 0, used);
      return larger;
    },
    decimal: storeDecimal,
    fail(what, path) {
      throw new FinkError("avro", `${what}${path < 0 ? "" : ` at ${paths[path]}`}`);
    },
    wrap: (error) =>
      error instanceof RangeError
        ? new FinkError("avro", "the message ends in the middle of a value", error)
        : error,
  };
}

/**
 * Two's complement, big-endian, any length → 128 bits little-endian. False for more digits than the
 * column has: Parquet would cut them.
 */
function storeDecimal(
  bytes: Buffer,
  start: number,
  end: number,
  precision: number,
  words: Int32Array,
  at: number,
): boolean {
  const value = BigInt.asIntN(8 * (end - start), BigInt(`0x0${bytes.toString("hex", start, end)}`));
  const limit = 10n ** BigInt(precision);
  if (value >= limit || value <= -limit) return false;
  for (let i = 0; i < 4; i++) words[at + i] = Number(BigInt.asIntN(32, value >> BigInt(32 * i)));
  return true;
}
