import { crc32, deflateSync, gunzipSync } from "node:zlib";
import type { DuckDBBlobValue } from "@duckdb/node-api";
import { firstValueSql, identifier, literal } from "../../lake/scan.ts";
import type { StructType } from "../../lake/schema.ts";
import type { Survey } from "../../surveys/definition.ts";
import { type FitsImage, imageIn } from "../../sky/fits.ts";
import type { FinkDeps } from "./resource.ts";

export const kinds = ["Science", "Template", "Difference"] as const;
export type Kind = (typeof kinds)[number];

/** FITS files of alerts, gunzipped, by alert; with an object only of its alerts. */
export async function readImages(
  deps: FinkDeps,
  survey: Survey,
  ids: readonly bigint[],
  kind: Kind,
  signal: AbortSignal,
  object?: string,
): Promise<Map<bigint, Buffer>> {
  const sql = (schema: StructType) => {
    const [id, image] = [
      firstValueSql(schema, survey.alert),
      firstValueSql(schema, survey.cutouts?.[kind.toLowerCase() as Lowercase<Kind>]),
    ];
    const where =
      object === undefined
        ? ""
        : ` WHERE ${firstValueSql(schema, survey.object)} = ${literal(object)}`;
    return id === undefined || image === undefined
      ? null
      : `SELECT ${id}::BIGINT AS ${identifier("id")}, ${image} AS image FROM {alerts}${where}`;
  };
  const rows = await deps.sources.raw(
    survey.name,
    ids,
    sql,
    async (c, text) => (await c.run(text)).getRows(),
    signal,
  );
  const images = new Map<bigint, Buffer>();
  for (const [id, image] of rows ?? [])
    if (image !== null) images.set(id as bigint, plain((image as DuckDBBlobValue).bytes));
  return images;
}

const most = 64 * 2 ** 20;

function plain(bytes: Uint8Array): Buffer {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
    ? gunzipSync(bytes, { maxOutputLength: most })
    : Buffer.from(bytes);
}

/** The first image in a FITS file; null: there is none. */
export function imageOf(bytes: Buffer): FitsImage | null {
  try {
    return imageIn(bytes);
  } catch {
    return null;
  }
}

/** A list of rows. */
export function arrayOf({ width, height, pixels }: FitsImage): (number | null)[][] {
  return Array.from({ length: height }, (_, y) =>
    Array.from(pixels.subarray(y * width, (y + 1) * width), (v) => (Number.isFinite(v) ? v : null)),
  );
}

export const stretches = ["sigmoid", "linear", "sqrt", "power", "log"] as const;

export interface Look {
  readonly stretch: (typeof stretches)[number];
  readonly colormap?: string | undefined;
  readonly kernel?: "gauss" | "box" | undefined;
}

/** PNG of 8 bits, grey or coloured; row 0 of the array on top, as Fink draws it. */
export function png(image: FitsImage, look: Look): Buffer {
  const scaled = stretched(image, look.stretch);
  const grey = (look.kernel ? convolved({ ...image, pixels: scaled }, look.kernel) : scaled).map(
    (v) => Math.round(255 * Math.min(1, Math.max(0, v))),
  );
  const colours = look.colormap === undefined ? null : colormaps[look.colormap];
  const channels = colours ? 4 : 1;
  const { width, height } = image;
  const raw = Buffer.alloc(height * (1 + width * channels));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [value, to] = [grey[y * width + x], y * (1 + width * channels) + 1 + x * channels];
      if (colours) raw.set([...colourAt(colours, value / 255), 255], to);
      else raw[to] = value;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, colours ? 6 : 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(raw)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/**
 * 0 … 1. The limits are Fink's: the least value and a fifth of the median distance from the median,
 * and the central pixel.
 */
function stretched({ width, height, pixels }: FitsImage, stretch: Look["stretch"]): Float64Array {
  const data = pixels.map((v) => (Number.isFinite(v) ? v : 0));
  if (stretch === "sigmoid") {
    const mean = data.reduce((sum, v) => sum + v, 0) / data.length;
    const deviation =
      Math.sqrt(data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length) || 1;
    return data.map((v) => 1 / (1 + Math.exp(-(v - mean) / deviation)));
  }
  const middle = median(data);
  const low =
    data.reduce((a, b) => Math.min(a, b)) + 0.2 * median(data.map((v) => Math.abs(v - middle)));
  const high = data[(height >> 1) * width + (width >> 1)];
  const apply = {
    linear: (v: number) => v,
    sqrt: Math.sqrt,
    power: (v: number) => v ** 2,
    log: (v: number) => Math.log10(1000 * v + 1) / Math.log10(1001),
  }[stretch];
  return data.map((v) => apply(Math.min(1, Math.max(0, (v - low) / (high - low || 1)))));
}

function median(values: Float64Array): number {
  const sorted = values.toSorted();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** 5 × 5 pixels; the Gaussian of width 1. */
function convolved({ width, height, pixels }: FitsImage, kernel: "gauss" | "box"): Float64Array {
  const weight = (d: number) => (kernel === "box" ? 1 : Math.exp(-(d * d) / 2));
  const steps = [-2, -1, 0, 1, 2];
  const total = steps.reduce((sum, d) => sum + weight(d), 0) ** 2;
  const value = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[y * width + x];
  return pixels.map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    let sum = 0;
    for (const dy of steps)
      for (const dx of steps) sum += weight(dx) * weight(dy) * value(x + dx, y + dy);
    return sum / total;
  });
}

/** Matplotlib's maps of these names, from a few of their colours. */
export const colormaps: Readonly<Record<string, readonly string[]>> = {
  gray: ["000000", "ffffff"],
  Greys: ["ffffff", "969696", "000000"],
  viridis: ["440154", "3b528b", "21918c", "5ec962", "fde725"],
  plasma: ["0d0887", "7e03a8", "cc4778", "f89540", "f0f921"],
  inferno: ["000004", "57106e", "bc3754", "f98e09", "fcffa4"],
  magma: ["000004", "51127c", "b73779", "fc8961", "fcfdbf"],
  Blues: ["f7fbff", "6baed6", "08306b"],
  hot: ["0b0000", "ff0000", "ffff00", "ffffff"],
};

function colourAt(colours: readonly string[], value: number): number[] {
  const place = Math.min(value, 1 - 1e-9) * (colours.length - 1);
  const rgb = (hex: string) => [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
  const [a, b] = [rgb(colours[Math.floor(place)]), rgb(colours[Math.floor(place) + 1])];
  return a.map((v, i) => Math.round(v + (b[i] - v) * (place % 1)));
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
