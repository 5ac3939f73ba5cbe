import { FinkError } from "../errors.ts";

// google/snappy, format_description.txt. The package snappyjs never returns from some damaged input
// (a literal of 2^31 bytes or more moves it backwards), so the format is read here.

/** The best a stream can do: a copy of 64 bytes takes 3. */
const maxRatio = 22;

/**
 * Reads a raw snappy stream; refuses it before anything is allocated if it says it is longer than
 * `maxBytes`.
 */
export function decompressSnappy(input: Uint8Array, maxBytes: number): Uint8Array {
  const [length, start] = declaredLength(input);
  if (length > maxBytes) throw bad(`declares ${length} bytes; the limit is ${maxBytes}`);
  if (length > input.length * maxRatio)
    throw bad(`of ${input.length} bytes declares ${length}, more than it can hold`);
  const output = new Uint8Array(length);
  let at = start;
  let written = 0;
  while (at < input.length) {
    const tag = input[at++];
    const isLiteral = (tag & 3) === 0;
    const extra = isLiteral ? Math.max(0, (tag >> 2) - 59) : [0, 1, 2, 4][tag & 3];
    if (at + extra > input.length) throw bad("ends inside a tag");
    const operand = littleEndian(input, at, extra);
    at += extra;
    if (isLiteral) {
      const size = extra === 0 ? (tag >> 2) + 1 : operand + 1;
      if (at + size > input.length || written + size > length)
        throw bad(`holds a literal of ${size} bytes at ${at}, more than there can be`);
      output.set(input.subarray(at, at + size), written);
      at += size;
      written += size;
    } else {
      const short = (tag & 3) === 1;
      written = copyBack(
        output,
        written,
        short ? operand + ((tag >> 5) << 8) : operand,
        short ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1,
      );
    }
  }
  if (written !== length) throw bad(`gives ${written} bytes, not the ${length} it declares`);
  return output;
}

/** A raw snappy stream of literals only: valid for every reader, not smaller. */
export function storeSnappy(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let rest = bytes.length;
  const length: number[] = [];
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) length.push((rest % 128) + 0x80);
  parts.push(Uint8Array.of(...length, rest));
  for (let at = 0; at < bytes.length; at += 0x10000) {
    const literal = bytes.subarray(at, at + 0x10000);
    parts.push(
      Uint8Array.of(61 << 2, (literal.length - 1) & 0xff, (literal.length - 1) >> 8),
      literal,
    );
  }
  return Buffer.concat(parts);
}

function declaredLength(input: Uint8Array): [length: number, start: number] {
  let length = 0;
  for (let i = 0; i < 5 && i < input.length; i++) {
    length += (input[i] & 0x7f) * 128 ** i;
    if (input[i] < 0x80) return [length, i + 1];
  }
  throw bad("has no readable length");
}

function littleEndian(input: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + input[at + i];
  return value;
}

/** Copies `size` bytes from `distance` back; they overlap where a run is repeated. */
function copyBack(output: Uint8Array, written: number, distance: number, size: number): number {
  if (distance === 0 || distance > written || written + size > output.length) {
    throw bad(`copies ${size} bytes from ${distance} back at ${written}, outside what there is`);
  }
  if (distance >= size) output.copyWithin(written, written - distance, written - distance + size);
  else for (let i = written; i < written + size; i++) output[i] = output[i - distance];
  return written + size;
}

function bad(what: string): FinkError {
  return new FinkError("avro", `the snappy stream ${what}`);
}
