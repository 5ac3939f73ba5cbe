import { isUtf8 } from "node:buffer";
import { FinkError } from "../errors.ts";
import { generate } from "./generate.ts";
import { type LayoutPlan, layOut } from "./layout.ts";
import { type AvroRecord, parseSchema } from "./schema.ts";

/** Appends alerts of one writer's schema to columns. Columns, not objects: nothing is allocated per alert. */
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
   * Decodes the datum at [start, end) of `bytes` and returns the position after it.
   * Throws FinkError "avro" for bytes that are not what the schema says; the columns are then as before.
   */
  decode(bytes: Buffer, start: number, end: number): number;
  /** Drops the rows after those `counts()` gave earlier; `cut(start)` drops all. */
  cut(counts: readonly number[]): void;
  /** The counts of no rows at all. */
  readonly start: readonly number[];
}

/** Words of 32 bits, or bytes. */
export type Storage = Int32Array | Uint8Array;

/** Generates a decoder for the schema text a writer gave. Top-level columns get other names than the `reserved` ones. */
export function compileDecoder(schemaText: string, reserved: readonly string[] = []): Decoder {
  const schema = parseSchema(schemaText);
  if (schema.kind !== "record") throw new FinkError("schema", `the Avro schema is of type ${schema.kind}; an alert has to be a record`);
  const plan = layOut(schema, reserved);
  const { code, paths } = generate(schema, plan);
  const make = new Function("rt", `"use strict";\n${code}`) as (runtime: Runtime) => Omit<Decoder, "schema" | "text" | "plan" | "start">;
  return { schema, text: schemaText, plan, start: new Array<number>(plan.levels).fill(0), ...make(runtime(paths)) };
}

/** What generated code calls for the rare and the wrong. */
interface Runtime {
  readonly isUtf8: (bytes: Uint8Array) => boolean;
  readonly words: (length: number) => Int32Array;
  readonly bytes: (length: number) => Buffer;
  readonly grown: (array: Storage, length: number) => Storage;
  readonly room: (data: Buffer, used: number, needed: number) => Buffer;
  readonly decimal: (bytes: Uint8Array, start: number, end: number, words: Int32Array, at: number) => boolean;
  readonly fail: (what: string, path: number) => never;
  readonly wrap: (error: unknown) => unknown;
}

/** Offsets are 32 bits wide, so no column of one batch may hold more. */
const maxColumnBytes = 0x7fffffff;

function runtime(paths: readonly string[]): Runtime {
  return {
    isUtf8,
    words: (length) => new Int32Array(length),
    bytes: (length) => Buffer.allocUnsafeSlow(length),
    grown(array, length) {
      const larger = array instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length);
      larger.set(array);
      return larger;
    },
    room(data, used, needed) {
      if (needed > maxColumnBytes) throw new FinkError("avro", `a column of this batch would exceed ${maxColumnBytes} bytes`);
      const larger = Buffer.allocUnsafeSlow(Math.min(maxColumnBytes, Math.max(needed, data.length * 2)));
      data.copy(larger, 0, 0, used);
      return larger;
    },
    decimal: storeDecimal,
    fail(what, path) {
      throw new FinkError("avro", `${what}${path < 0 ? "" : ` at ${paths[path]}`}`);
    },
    wrap: (error) => (error instanceof RangeError ? new FinkError("avro", "the message ends in the middle of a value", error) : error),
  };
}

/** Two's complement, big-endian, any length → 128 bits little-endian. False when it does not fit. */
function storeDecimal(bytes: Uint8Array, start: number, end: number, words: Int32Array, at: number): boolean {
  const sign = end > start && bytes[start] > 127 ? 0xff : 0;
  for (let i = start; i < end - 16; i++) if (bytes[i] !== sign) return false;
  if (end - start > 16 && ((bytes[end - 16] ^ sign) & 0x80) !== 0) return false;
  const target = new Uint8Array(words.buffer, words.byteOffset + at * 4, 16);
  for (let i = 0; i < 16; i++) target[i] = end - 1 - i >= start ? bytes[end - 1 - i] : sign;
  return true;
}
