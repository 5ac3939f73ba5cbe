import { describe, expect, it } from "vitest";
import { dampedRandomWalk } from "./damped-random-walk.ts";

describe("damped random walk", () => {
  const times = Array.from({ length: 300 }, (_, i) => 58000 + ((i * 7919) % 4001) + (i % 7) / 7);

  it("has the same path in any order of calls", () => {
    const forward = times.map((t) => dampedRandomWalk(17, 150, t));
    for (let other = 0; other < 2000; other++) dampedRandomWalk(other, 90, 59000);
    const backward = times.toReversed().map((t) => dampedRandomWalk(17, 150, t));
    expect(backward.toReversed()).toEqual(forward);
  });

  it("is continuous where blocks meet", () => {
    for (let day = 64 * 900; day < 64 * 1000; day += 64) {
      expect(
        Math.abs(dampedRandomWalk(4, 300, day - 1e-6) - dampedRandomWalk(4, 300, day)),
      ).toBeLessThan(1e-5);
    }
  });

  // MacLeod et al. 2010, eq. 2: SF(Δt) = SF∞ (1 − e^(−Δt/τ))^1/2, SF∞ = √2 σ
  it.each([
    [30, 5],
    [200, 5],
    [200, 20],
    [200, 300],
    [200, 1000],
    [2000, 100],
  ])("tau = %d days: the structure function after %d days is that of the process", (tau, lag) => {
    let sum = 0;
    const n = 4000;
    for (let seed = 0; seed < n; seed++) {
      const start = 58000 + (seed % 1000);
      sum +=
        (dampedRandomWalk(seed * 1001, tau, start + lag) -
          dampedRandomWalk(seed * 1001, tau, start)) **
        2;
    }
    expect(sum / n / (2 * (1 - Math.exp(-lag / tau)))).toBeGreaterThan(0.9);
    expect(sum / n / (2 * (1 - Math.exp(-lag / tau)))).toBeLessThan(1.1);
  });

  it("has mean 0 and standard deviation 1", () => {
    const values = Array.from({ length: 5000 }, (_, seed) => dampedRandomWalk(seed, 300, 60000));
    expect(values.reduce((a, b) => a + b, 0) / values.length).toBeCloseTo(0, 1);
    expect(values.reduce((a, b) => a + b * b, 0) / values.length).toBeCloseTo(1, 1);
  });
});
