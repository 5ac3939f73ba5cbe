import { expect, test } from "vitest";
import { hammer, inverseHammer } from "./hammer.ts";

test("the centre, the poles and the edge; longitude grows to the left", () => {
  expect(hammer(0, 0).map(Math.abs)).toEqual([0, 0]);
  expect(hammer(77, 90)[1]).toBeCloseTo(1, 12);
  expect(hammer(180.000001, 0)[0]).toBeCloseTo(2, 6);
  expect(hammer(179.999999, 0)[0]).toBeCloseTo(-2, 6);
  expect(hammer(10, 0)[0]).toBeLessThan(0);
  expect(hammer(190, 10, 180)).toEqual(hammer(10, 10));
});

test("there and back", () => {
  for (let i = 0; i < 500; i++) {
    const [l, b, centre] = [(i * 37.7) % 360, ((i * 17.3) % 178) - 89, (i * 11) % 360];
    const [x, y] = hammer(l, b, centre);
    const [l2, b2] = inverseHammer(x, y, centre)!;
    expect(Math.cos(((l2 - l) * Math.PI) / 180)).toBeCloseTo(1, 9);
    expect(b2).toBeCloseTo(b, 7);
  }
  expect(inverseHammer(1.9, 0.9)).toBeNull();
});

test("equal areas: a small square has the same area wherever it is", () => {
  const area = (l: number, b: number) => {
    const e = 0.01;
    const [x0, y0] = hammer(l, b);
    const [x1, y1] = hammer(l + e, b);
    const [x2, y2] = hammer(l, b + e);
    return Math.abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / Math.cos((b * Math.PI) / 180);
  };
  for (const [l, b] of [
    [40, 30],
    [120, -50],
    [-150, 70],
  ])
    expect(area(l, b) / area(0, 0)).toBeCloseTo(1, 2);
});
