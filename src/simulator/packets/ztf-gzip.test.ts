import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { randomStream } from "../random.ts";
import { imageGzip } from "./ztf-gzip.ts";

const side = 63;
const compress = imageGzip(side);
const out = new Uint8Array(8 * side * side);
const { normal } = randomStream(1);

const images: readonly [what: string, pixel: (i: number) => number, mostBytes: number][] = [
  ["sky and noise", () => 200 + 8 * normal(), 13_300],
  ["noise about zero", () => 8 * normal(), 15_200],
  ["nothing", () => 0, 2500],
  ["no number", () => NaN, 7000],
  ["all scales", (i) => (i & 1 ? 1 : -1) * 2 ** (normal() * 20), 16_500],
  // bytes that are ever half as frequent would have codes of 13 bits and more
  [
    "halving frequencies",
    (i) => new DataView(Uint8Array.of(0, 0, 0, Math.clz32(i + 1)).buffer).getFloat32(0),
    4000,
  ],
];

describe("the compression of images", () => {
  it.each(images)("gives back %s, bit by bit", (_, pixel, mostBytes) => {
    const pixels = Float32Array.from({ length: side * side }, (_value, i) => pixel(i));
    const gzipped = compress(pixels, out);
    expect(gzipped.length).toBeLessThan(mostBytes);
    const fits = gunzipSync(gzipped);
    expect(fits.length).toBe(20160);
    expect(fits.subarray(0, 9).toString()).toBe("SIMPLE  =");
    const read = Float32Array.from(pixels, (_value, i) => fits.readFloatBE(2880 + 4 * i));
    expect(read).toEqual(pixels);
    expect(fits.subarray(2880 + pixels.byteLength).every((byte) => byte === 0)).toBe(true);
  });
});
