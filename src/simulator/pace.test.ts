import { expect, it } from "vitest";
import { type Clock, evenly, flatOut, following, type Pace, paced, paceNamed } from "./pace.ts";

/** Two visits 37 s apart; the alerts of each in a burst of 2 s. */
const visits = [0, 37_000].map((at) => ({
  packets: [0, 1000, 2000].map((after) => ({ publishedAt: 1_789_000_000_000 + at + after })),
}));

/** Time passes by sleeping only. */
function virtualClock(): Clock & { time: number } {
  const clock = {
    time: 5,
    now: () => clock.time,
    sleep: async (ms: number, signal: AbortSignal) => void (signal.aborted || (clock.time += ms)),
  };
  return clock;
}

/** When each packet is sent, ms. */
async function timesOf(pace: Pace, workMs = 0, stopAfter = Infinity): Promise<number[]> {
  const clock = virtualClock();
  const stop = new AbortController();
  const times: number[] = [];
  const groups = (async function* () {
    yield* visits;
  })();
  for await (const { packets } of paced(groups, pace, stop.signal, clock)) {
    for (let i = 0; i < packets.length; i++) times.push(clock.time - 5);
    clock.time += workMs;
    if (times.length >= stopAfter) stop.abort();
  }
  return times;
}

it("sends flat out", async () => {
  expect(await timesOf(flatOut)).toEqual([0, 0, 0, 0, 0, 0]);
});

it("follows the telescope from the first alert on, or so many times as fast", async () => {
  expect(await timesOf(paceNamed("real", "--cadence"))).toEqual([
    0, 1000, 2000, 37_000, 38_000, 39_000,
  ]);
  expect(await timesOf(paceNamed("x10", "--cadence"))).toEqual([0, 100, 200, 3700, 3800, 3900]);
  expect(await timesOf(following(0.5))).toEqual([0, 2000, 4000, 74_000, 76_000, 78_000]);
});

it("spaces evenly", async () => {
  expect(await timesOf(evenly(4))).toEqual([0, 250, 500, 750, 1000, 1250]);
});

it("keeps to the times although sending takes its own, and catches up where it was late", async () => {
  expect(await timesOf(evenly(4), 100)).toEqual([0, 250, 500, 750, 1000, 1250]);
  expect(await timesOf(evenly(4), 600)).toEqual([0, 600, 600, 1200, 1200, 1800]);
});

it("finishes the visit at once when it is stopped, and ends", async () => {
  expect(await timesOf(following(1), 0, 2)).toEqual([0, 1000, 1000]);
});

it("tells what a pace may be", () => {
  for (const name of ["", "x", "x0", "60", "slow"])
    expect(() => paceNamed(name, "--speed")).toThrow(
      `--speed ${name}: write fast, real or a factor such as x60`,
    );
  expect(paceNamed("×60", "--speed")(0, 0)).toBe(0);
});
