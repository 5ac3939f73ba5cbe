import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { FinkError, messageOf } from "../../errors.ts";
import { cosDegrees, separation } from "../../sky/angle.ts";
import { insidePolygon, polygonArea } from "../../sky/polygon.ts";
import { hasPixelAt, partOfSky, PixelCollector, type Pixels } from "./pixels.ts";
import { readSkyFits } from "./sky-map.ts";

/** A part of the sky; positions in degrees, NaN lies in none. */
export interface Area {
  /** cone, polygon or pixels: what it is made of. */
  readonly form: string;
  /** 0 … 1. */
  readonly partOfSky: number;
  contains(ra: number, dec: number): boolean;
}

/** An area read from a file, as plain data that a thread can hand over. */
export type AreaShape =
  | {
      readonly form: "cone";
      readonly ra: number;
      readonly dec: number;
      readonly radiusDegrees: number;
    }
  | { readonly form: "polygon"; readonly corners: readonly (readonly [ra: number, dec: number])[] }
  | { readonly form: "pixels"; readonly pixels: Pixels };

/**
 * Part of the probability that a sky map's region holds, where the name does not say: `'S230518h'`,
 * `'S230518h@0.5'`.
 */
export const defaultLevel = 0.9;

/**
 * Most bytes of an unpacked file: enough for whole maps up to NSIDE 512 with distances, and for any
 * map with several orders.
 */
export const mostAreaBytes = 128 * 2 ** 20;

/** Each alert near a polygon is compared with all of its corners. */
const mostCorners = 5000;

const [ra, dec] = [z.number().min(-180).max(360), z.number().min(-90).max(90)];
const polygonSchema = z.strictObject({ polygon: z.array(z.tuple([ra, dec])).min(3) });
const coneSchema = z.strictObject({
  cone: z.strictObject({ ra, dec, radius_deg: z.number().positive().max(180) }),
});

/** Reads a file of `areas/`. `level`: of a sky map. Throws "filter" for one that cannot be read. */
export function readArea(file: string, level = defaultLevel): Area {
  try {
    return areaOf(areaShape(readFileSync(file), level));
  } catch (error) {
    throw new FinkError("filter", `${file} cannot be read as an area: ${messageOf(error)}`, error);
  }
}

/**
 * Reads FITS, JSON or a MOC in ASCII, gzipped or not. Throws for any other file. A large sky map
 * takes seconds: see `readAreaInThread`.
 */
export function areaShape(packed: Buffer, level: number): AreaShape {
  const bytes = unpacked(packed);
  if (bytes.toString("latin1", 0, 9) === "SIMPLE  =")
    return { form: "pixels", pixels: readSkyFits(bytes, level) };
  const text = bytes
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trim();
  return /^s?\d+\s*\//.test(text)
    ? { form: "pixels", pixels: pixelsOfText(text) }
    : shapeOfJson(text);
}

/** Throws for more than `mostAreaBytes`. */
export function unpacked(bytes: Buffer): Buffer {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    const plain = isPacked ? gunzipSync(bytes, { maxOutputLength: mostAreaBytes }) : bytes;
    if (plain.length <= mostAreaBytes) return plain;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw error;
  }
  throw new FinkError(
    "io",
    `it is larger than ${mostAreaBytes >> 20} MB; give the map with several orders (multiorder.fits)`,
  );
}

export function areaOf(shape: AreaShape): Area {
  if (shape.form === "pixels") {
    return {
      form: shape.form,
      partOfSky: partOfSky(shape.pixels),
      contains: (toRa, toDec) => hasPixelAt(shape.pixels, toRa, toDec),
    };
  }
  if (shape.form === "polygon")
    return {
      form: shape.form,
      partOfSky: polygonArea(shape.corners),
      contains: insidePolygon(shape.corners),
    };
  const part = (1 - cosDegrees(shape.radiusDegrees)) / 2;
  return {
    form: shape.form,
    partOfSky: part,
    contains: (toRa, toDec) => separation(shape.ra, shape.dec, toRa, toDec) < shape.radiusDegrees,
  };
}

function shapeOfJson(text: string): AreaShape {
  const json = jsonWithLongs(text);
  const cone = coneSchema.safeParse(json).data?.cone;
  if (cone) return { form: "cone", ra: cone.ra, dec: cone.dec, radiusDegrees: cone.radius_deg };
  const corners = (json as { polygon?: unknown } | null)?.polygon;
  if (Array.isArray(corners) && corners.length > mostCorners)
    throw new FinkError(
      "io",
      `its polygon has ${corners.length} corners; at most ${mostCorners} are read: leave some out, or give a coverage map (MOC)`,
    );
  const polygon = polygonSchema.safeParse(json).data?.polygon;
  if (polygon) return { form: "polygon", corners: polygon as [number, number][] };
  const pixels = pixelsOfJson(json);
  if (pixels) return { form: "pixels", pixels };
  const forms =
    '{"cone": {"ra", "dec", "radius_deg"}}, {"polygon": [[ra, dec], …]} and {"order": [pixel, …], …} (MOC in JSON)';
  throw new FinkError("io", `it is none of ${forms}, in degrees`);
}

/** Pixel numbers of order 26 and deeper are beyond 2^53. */
function jsonWithLongs(text: string): unknown {
  const parse = JSON.parse as (
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ) => unknown;
  return parse(text, (_, value, { source = "" }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^\d{1,20}$/.test(source)
      ? BigInt(source)
      : value,
  );
}

/** undefined: it is no MOC in JSON. */
function pixelsOfJson(json: unknown): Pixels | undefined {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const collector = new PixelCollector();
  for (const [order, pixels] of Object.entries(json)) {
    if (!/^\d{1,3}$/.test(order) || !Array.isArray(pixels)) return undefined;
    for (const pixel of pixels as unknown[]) {
      if (typeof pixel !== "bigint" && !Number.isInteger(pixel)) return undefined;
      collector.add(Number(order), pixel as number | bigint);
    }
  }
  return collector.pixels();
}

/**
 * A MOC in ASCII (MOC 2.0, section 4.3.2): `3/1-4 8 29/…`; a pixel or a range of them, with blanks
 * or commas between.
 */
function pixelsOfText(text: string): Pixels {
  const collector = new PixelCollector();
  let order = NaN;
  for (const word of text
    .replace(/^s/, "")
    .replace(/\s*\/\s*/g, "/ ")
    .split(/[\s,]+/)) {
    if (word === "") continue;
    const [, newOrder] = /^(\d{1,3})\/$/.exec(word) ?? [];
    const [, first, end = first] = /^(\d{1,20})(?:-(\d{1,20}))?$/.exec(word) ?? [];
    if (newOrder !== undefined) order = Number(newOrder);
    else if (first !== undefined) collector.add(order, BigInt(first), BigInt(end) + 1n);
    else
      throw new FinkError(
        "io",
        `${word.slice(0, 40)} is neither an order (3/) nor a pixel or a range of a coverage map`,
      );
  }
  return collector.pixels();
}
