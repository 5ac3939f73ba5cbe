import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { FinkError, messageOf } from "../../errors.ts";
import { cosDegrees, separation } from "../../sky/angle.ts";
import { outsidePolygon, polygonCoverage } from "../../sky/coverage.ts";
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

/** Part of the probability that a sky map's region holds, where the name does not say: `'S230518h'`, `'S230518h@0.5'`. */
export const defaultLevel = 0.9;

/** Order of pixels by which the size of a polygon is told. */
const partOrder = 8;

const [ra, dec] = [z.number().min(-180).max(360), z.number().min(-90).max(90)];
const schema = z.union([
  z.strictObject({ cone: z.strictObject({ ra, dec, radius_deg: z.number().positive().max(180) }) }),
  z.strictObject({ polygon: z.array(z.tuple([ra, dec])).min(3) }),
  z.record(z.string().regex(/^\d+$/), z.array(z.int().min(0))),
]);

/** Reads a file of `areas/`. `level`: of a sky map. Throws "filter" for one that cannot be read. */
export function readArea(file: string, level = defaultLevel): Area {
  try {
    const bytes = readFileSync(file);
    return areaOf(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes, level);
  } catch (error) {
    throw new FinkError("filter", `${file} cannot be read as an area: ${messageOf(error)}`, error);
  }
}

/** Of a FITS or JSON file. Throws for what is none. */
export function areaOf(bytes: Buffer, level: number): Area {
  if (bytes.toString("latin1", 0, 9) === "SIMPLE  =") return areaOfPixels(readSkyFits(bytes, level));
  return areaOfJson(JSON.parse(bytes.toString("utf8")));
}

function areaOfJson(json: unknown): Area {
  const result = schema.safeParse(json);
  const forms = '{"cone": {"ra", "dec", "radius_deg"}}, {"polygon": [[ra, dec], …]} and {"order": [pixel, …], …} (MOC in JSON)';
  if (!result.success) throw new FinkError("io", `it is none of ${forms}, in degrees`);
  const { data } = result;
  if ("cone" in data && !Array.isArray(data.cone)) {
    const { cone } = data;
    const part = (1 - cosDegrees(cone.radius_deg)) / 2;
    return { form: "cone", partOfSky: part, contains: (toRa, toDec) => separation(cone.ra, cone.dec, toRa, toDec) < cone.radius_deg };
  }
  if ("polygon" in data) {
    const corners = data.polygon as [number, number][];
    const outside = outsidePolygon(corners);
    const pixels = polygonCoverage(partOrder, corners).reduce((sum, [first, end]) => sum + end - first, 0);
    return { form: "polygon", partOfSky: pixels / (12 * 4 ** partOrder), contains: (toRa, toDec) => outside(toRa, toDec) <= 0 };
  }
  const collector = new PixelCollector();
  for (const [order, pixels] of Object.entries(data as Record<string, number[]>)) for (const pixel of pixels) collector.add(Number(order), pixel);
  return areaOfPixels(collector.pixels());
}

function areaOfPixels(pixels: Pixels): Area {
  return { form: "pixels", partOfSky: partOfSky(pixels), contains: (toRa, toDec) => hasPixelAt(pixels, toRa, toDec) };
}
