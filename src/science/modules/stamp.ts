import { gunzipSync } from "node:zlib";
import { imageIn } from "../../sky/fits.ts";

/** A square image around the alert, row by row. */
export interface Stamp {
  readonly size: number;
  readonly pixels: Float64Array;
}

/** Reads a square FITS image; null: it is something else. */
export function readStamp(file: Uint8Array): Stamp | null {
  try {
    const { width, height, pixels } = imageIn(
      file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file,
    );
    return width === height ? { size: width, pixels } : null;
  } catch {
    return null;
  }
}

/** The middle of it, both ways `radius` pixels; null: it is too small. */
export function cropped({ size, pixels }: Stamp, radius: number): Stamp | null {
  const start = Math.trunc(size / 2 - radius);
  if (start < 0 || size / 2 < radius) return null;
  const width = 2 * radius;
  return {
    size: width,
    pixels: Float64Array.from(
      { length: width * width },
      (_, i) => pixels[(start + Math.floor(i / width)) * size + start + (i % width)],
    ),
  };
}
