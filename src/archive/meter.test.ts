import { expect, test } from "vitest";
import { Meter } from "./meter.ts";

test("rates are means over the last ten seconds, latencies over the last minute", () => {
  let now = 1_000_000;
  const meter = new Meter(() => now);
  for (let second = 0; second < 100; second++) {
    for (let i = 0; i < 250; i++) meter.receive(1000);
    meter.commit(
      250,
      0,
      Array.from({ length: 250 }, (_, i) => now - (i < 245 ? 800 : 2500)),
    );
    now += 1000;
  }
  const { receivedPerSecond, archivedPerSecond, megabytesPerSecond } = meter.rates();
  expect(receivedPerSecond).toBeCloseTo(250, -1);
  expect(archivedPerSecond).toBeCloseTo(250, -1);
  expect(megabytesPerSecond).toBeCloseTo(0.25, 1);
  const { p50, p99 } = meter.latency()!;
  expect(p50).toBeGreaterThan(800 * 0.97);
  expect(p50).toBeLessThan(800 * 1.03);
  expect(p99).toBeGreaterThan(2500 * 0.97);
  expect(p99).toBeLessThan(2500 * 1.03);
  now += 120_000;
  expect(meter.rates().archivedPerSecond).toBe(0);
});

test("messages without a time of publication have no latency", () => {
  const meter = new Meter();
  meter.commit(2, 0, [Number.NaN, Number.NaN]);
  expect(meter.latency()).toBeNull();
});
