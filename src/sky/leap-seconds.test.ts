import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { available } from "../../test/require.ts";
import { taiMinusUtc, taiOfUtc, utcOfTai } from "./leap-seconds.ts";

const file = join(import.meta.dirname, "../../../shared/reference/sky/times.json");
const hasTimes = available(
  "reference",
  existsSync(file),
  "no ../shared/reference with times of astropy",
);

it("counts the leap seconds of Bulletin C", () => {
  expect([41317, 41499, 57753.999, 57754, 61000].map(taiMinusUtc)).toEqual([10, 11, 36, 37, 37]);
});

it("goes there and back, through a leap second, too", () => {
  for (const mjd of [41400.25, 57753.5, 57753.999999, 57754, 57754.0000001, 60000.123])
    expect(utcOfTai(taiOfUtc(mjd))).toBeCloseTo(mjd, 10);
  expect(utcOfTai(57754 + 36.5 / 86400)).toBeLessThan(57754);
});

it.skipIf(!hasTimes)("is astropy's since 1972, to 2 µs: a double holds no more", () => {
  for (const time of JSON.parse(readFileSync(file, "utf8")) as Record<string, number>[]) {
    if (time.mjd_tai < 41318) continue; // nine times of a UTC that ran at a rate of its own
    // there, the reference rounds TAI − UTC, which seems to grow
    const endsLonger = taiMinusUtc(time.mjd_utc + 1) > taiMinusUtc(time.mjd_utc);
    if (!endsLonger) expect(taiMinusUtc(time.mjd_utc)).toBe(time.tai_minus_utc_s);
    expect(Math.abs(taiOfUtc(time.mjd_utc) - time.mjd_tai) * 86_400e6).toBeLessThan(2);
    expect(Math.abs(utcOfTai(time.mjd_tai) - time.mjd_utc) * 86_400e6).toBeLessThan(2);
    expect(Math.abs(utcOfTai(time.mjd_utc) - time.as_tai__mjd_utc) * 86_400e6).toBeLessThan(2);
  }
});
