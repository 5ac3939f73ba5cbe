import { expect, test } from "vitest";
import { coneOfText } from "./position-text.ts";

test.each([
  ["210.8 54.3", 210.8, 54.3, 10],
  ["210.8,54.3", 210.8, 54.3, 10],
  ["210.8 −54.3, 5", 210.8, -54.3, 5],
  ["210.8 -54.3 5m", 210.8, -54.3, 300],
  ["210.8 +54.3 r=0.1d", 210.8, 54.3, 360],
  ["210.8, 54.3, 2.5'", 210.8, 54.3, 150],
  ["14:03:12 +54:18:36", 210.8, 54.31, 10],
  ["14 03 12 +54 18 36", 210.8, 54.31, 10],
  ["14 03 12 54 18 36", 210.8, 54.31, 10],
  ["14h03m12s +54d18m36s 30", 210.8, 54.31, 30],
  ["J140312.0+541836.0", 210.8, 54.31, 10],
  ["0 0", 0, 0, 10],
  ["(210.8, -54.3)", 210.8, -54.3, 10],
  ["(210.8, 54.3) 2m", 210.8, 54.3, 120],
  ["RA=210.8 Dec=+54.3", 210.8, 54.3, 10],
  ["ra: 14:03:12, dec: 54:18:36, r: 3'", 210.8, 54.31, 180],
  ["210.8 54.3 radius=5''", 210.8, 54.3, 5],
])("%s", (text, ra, dec, radius) => {
  const cone = coneOfText(text, 10);
  expect(cone?.ra).toBeCloseTo(ra, 6);
  expect(cone?.dec).toBeCloseTo(dec, 6);
  expect(cone?.radiusArcsec).toBe(radius);
});

test("galactic: the galactic centre", () => {
  for (const text of ["gal 0 0", "l=0 b=0", "galactic 0, 0"]) {
    const cone = coneOfText(text, 10);
    expect(cone?.ra).toBeCloseTo(266.405, 2);
    expect(cone?.dec).toBeCloseTo(-28.936, 2);
  }
});

test.each([
  "ZTF17bkjvaln",
  "SN Ia",
  "2752190655615010000",
  "8467",
  "400 10",
  "10 95",
  "",
  "2016 RU",
])("no position: %j", (text) => {
  expect(coneOfText(text, 10)).toBeNull();
});
