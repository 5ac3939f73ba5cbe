import { expect, test } from "vitest";
import { jdMinusMjd, mjdOfMs, msOfMjd, nightOfMjd } from "./time.ts";

test("MJD and Unix time are the same instant", () => {
  expect(mjdOfMs(0)).toBe(40587);
  expect(mjdOfMs(Date.parse("2000-01-01T12:00:00Z"))).toBe(51544.5);
  expect(msOfMjd(60000.25)).toBe(Date.parse("2023-02-25T06:00:00Z"));
  expect(2451545 - jdMinusMjd).toBe(51544.5); // J2000
});

test("a night is named by its date, shifted where the observatory asks for it", () => {
  const at = (iso: string) => mjdOfMs(Date.parse(iso));
  expect(nightOfMjd(at("2026-01-31T23:59:59Z"))).toBe(20260131);
  expect(nightOfMjd(at("2026-02-01T00:00:01Z"))).toBe(20260201);
  expect(nightOfMjd(at("2026-02-01T11:59:00Z"), -12)).toBe(20260131);
  expect(nightOfMjd(at("2026-02-01T12:01:00Z"), -12)).toBe(20260201);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -999, 1480360995])(
  "%d is no night of ours",
  (mjd) => {
    expect(nightOfMjd(mjd)).toBeNull();
  },
);
