import { gunzipSync } from "node:zlib";

/** A square image around the alert, row by row. */
export interface Stamp {
  readonly size: number;
  readonly pixels: Float64Array;
}

/** Reads a FITS image of single-precision numbers (FITS standard 4.0, sections 3.3 and 5.3), as both surveys send them; null: it is something else. */
export function readStamp(file: Uint8Array): Stamp | null {
  const bytes = file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file;
  const [header, end] = headerOf(bytes);
  const [width, height] = [header.get("NAXIS1"), header.get("NAXIS2")];
  if (header.get("BITPIX") !== -32 || width === undefined || width !== height || bytes.length < end + 4 * width * width) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + end);
  const pixels = new Float64Array(width * width);
  for (let i = 0; i < pixels.length; i++) pixels[i] = view.getFloat32(4 * i);
  return { size: width, pixels };
}

/** The middle of it, both ways `radius` pixels; null: it is too small. */
export function cropped({ size, pixels }: Stamp, radius: number): Stamp | null {
  const start = Math.trunc(size / 2 - radius);
  if (start < 0 || size / 2 < radius) return null;
  const width = 2 * radius;
  return { size: width, pixels: Float64Array.from({ length: width * width }, (_, i) => pixels[(start + Math.floor(i / width)) * size + start + (i % width)]) };
}

const [cardLength, blockLength] = [80, 2880];

/** Numbers of the primary header, and where its data begins. */
function headerOf(bytes: Uint8Array): [Map<string, number>, number] {
  const numbers = new Map<string, number>();
  for (let at = 0; at + cardLength <= bytes.length; at += cardLength) {
    const card = String.fromCharCode(...bytes.subarray(at, at + cardLength));
    const name = card.slice(0, 8).trim();
    if (name === "END") return [numbers, Math.ceil((at + cardLength) / blockLength) * blockLength];
    numbers.set(name, Number(card.slice(10, 30)));
  }
  return [numbers, bytes.length];
}
