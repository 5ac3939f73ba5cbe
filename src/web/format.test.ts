import { expect, test } from "vitest";
import {
  formatAgo,
  formatBrightness,
  formatBytes,
  formatDuration,
  formatMjd,
  formatPosition,
  formatRate,
  formatSexagesimal,
} from "./format.ts";

test("rates and sizes have three digits", () => {
  expect([0, 0.234, 9.876, 45.67, 250.4, 12_345].map(formatRate)).toEqual([
    "0.0",
    "0.23",
    "9.88",
    "45.7",
    "250",
    "12,345",
  ]);
  expect([0, 999, 52_000, 2.36e9, 4e15].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "52.0 kB",
    "2.36 GB",
    "4.00 PB",
  ]);
  expect(formatRate(null)).toBe("–");
});

test("durations and ages", () => {
  expect([820, 1640, 42_000, 300_000, 12_000_000, 9e8].map(formatDuration)).toEqual([
    "820 ms",
    "1.64 s",
    "42 s",
    "5 min",
    "3.3 h",
    "10 d",
  ]);
  expect([formatAgo(1000, 1200), formatAgo(0, 61_900), formatAgo(0, 600_000)]).toEqual([
    "now",
    "61 s ago",
    "10 min ago",
  ]);
});

test("times and positions", () => {
  expect(formatMjd(60_506.19065969996)).toBe("2024-07-15 04:34:32");
  expect(formatPosition(9.5, -0.000012)).toBe("009.50000 −00.00001");
  expect(formatSexagesimal(149.80210567, 2.2486503)).toBe("09:59:12.51 +02:14:55.1");
  expect(formatSexagesimal(359.9999999, -89.9999999)).toBe("24:00:00.00 −90:00:00.0");
});

test("brightness: the magnitude, else that of the flux, else a negative flux itself", () => {
  expect([
    formatBrightness(18.0749, null),
    formatBrightness(null, 1000),
    formatBrightness(null, -1230.4),
    formatBrightness(null, null),
  ]).toEqual(["18.07", "23.90", "−1,230 nJy", "–"]);
});
