import { FinkError } from "../errors.ts";

/** A place in a range of bytes; reads move `at` on and never look at or beyond `end`. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

/** Longest encoding of a 64-bit number. */
export const maxVarintBytes = 10;

/**
 * Reads a zig-zag varint (Avro `long`). Beyond 2^53 the value is rounded: good enough to refuse it.
 */
export function readLong(cursor: Cursor, what: string): number {
  let magnitude = 0;
  let isNegative = false;
  for (let i = 0; i < maxVarintBytes; i++) {
    if (cursor.at >= cursor.end) throw new FinkError("avro", `the message ends inside ${what}`);
    const byte = cursor.bytes[cursor.at++];
    if (i === 0) isNegative = (byte & 1) === 1;
    magnitude += i === 0 ? (byte & 0x7f) >> 1 : (byte & 0x7f) * 2 ** (7 * i - 1);
    if (byte < 0x80) return isNegative ? -magnitude - 1 : magnitude;
  }
  throw new FinkError("avro", `${what} is a number of more than ${maxVarintBytes} bytes`);
}

/** A zig-zag varint of a safe integer. */
export function encodeLong(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.of(...bytes, Number(rest));
}
