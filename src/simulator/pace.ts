import { setTimeout as sleepFor } from "node:timers/promises";
import { FinkError } from "../errors.ts";

/**
 * When packet `number` (0, 1, …), which the survey publishes at `publishedAt`, is due: ms after the
 * first.
 */
export type Pace = (number: number, publishedAt: number) => number;

export const flatOut: Pace = () => 0;

export function evenly(perSecond: number): Pace {
  return (number) => (1000 * number) / perSecond;
}

/** Follows the survey's own times, so many times as fast. */
export function following(speed: number): Pace {
  let first: number | null = null;
  return (_, publishedAt) => Math.max(0, publishedAt - (first ??= publishedAt)) / speed;
}

/** `fast`, `real`, or a factor such as `x60`. */
export function paceNamed(name: string, flag: string): Pace {
  if (name === "fast") return flatOut;
  if (name === "real") return following(1);
  const factor = Number(/^[x×](\d+(\.\d+)?)$/.exec(name)?.[1]);
  if (factor > 0) return following(factor);
  throw new FinkError("usage", `${flag} ${name}: write fast, real or a factor such as x60`);
}

export interface Clock {
  /** ms */
  now(): number;
  /** Ends early, without an error, when the signal says so. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => void (await sleepFor(ms, undefined, { signal }).catch(() => {})),
};

/** setTimeout counts in 32 bits, and a laptop that slept is to notice soon. */
const longestSleepMs = 60_000;

/** Packets that belong together, such as the alerts of a visit. */
export interface Group {
  readonly packets: readonly { readonly publishedAt: number }[];
}

export interface Run<G extends Group> {
  readonly group: G;
  readonly packets: G["packets"];
  /** Whether the group ends with them. */
  readonly isLast: boolean;
}

/**
 * The packets of each group in runs, each run when it is due. A stop makes the rest of the group
 * due at once and ends after it: what is kept of a group is kept of all its packets.
 */
export async function* paced<G extends Group>(
  groups: AsyncIterable<G>,
  pace: Pace,
  signal: AbortSignal,
  clock: Clock = systemClock,
): AsyncGenerator<Run<G>> {
  let startedAt: number | null = null;
  let number = 0;
  for await (const group of groups) {
    const { packets } = group;
    const dueAt = packets.map(({ publishedAt }) => pace(number++, publishedAt));
    for (let from = 0, to = 0; from < packets.length; from = to) {
      startedAt ??= clock.now();
      await until(startedAt + dueAt[from], signal, clock);
      const elapsed = clock.now() - startedAt;
      for (to = from + 1; to < packets.length && (signal.aborted || dueAt[to] <= elapsed);) to++;
      yield { group, packets: packets.slice(from, to), isLast: to === packets.length };
    }
    if (signal.aborted) return;
  }
}

async function until(time: number, signal: AbortSignal, clock: Clock): Promise<void> {
  for (let left = time - clock.now(); left > 0 && !signal.aborted; left = time - clock.now())
    await clock.sleep(Math.min(left, longestSleepMs), signal);
}
