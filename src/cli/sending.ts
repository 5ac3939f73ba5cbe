import { FinkError } from "../errors.ts";
import { type Clock, type Group, type Pace, paced } from "../simulator/pace.ts";
import { nightsOf, rowsOf, sizeAt, type Tally } from "../simulator/targets/tally.ts";
import type { OutgoingPacket, Target } from "../simulator/targets/target.ts";
import { table } from "./table.ts";

export interface OutgoingGroup extends Group {
  readonly packets: readonly OutgoingPacket[];
}

export interface Sending<G extends OutgoingGroup> {
  readonly target: Target;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** When packets were handed over. */
  readonly sent: (packets: readonly OutgoingPacket[]) => void;
  /** When all of a group were. */
  readonly groupSent?: (group: G) => Promise<void>;
}

/**
 * Sends all groups to the target and closes it; after a stop or an error what is whole stays, and
 * nothing half.
 */
export async function send<G extends OutgoingGroup>(
  groups: AsyncIterable<G>,
  { target, pace, signal, clock, sent, groupSent }: Sending<G>,
): Promise<void> {
  try {
    for await (const { group, packets, isLast } of paced(groups, pace, signal, clock)) {
      await target.put(packets);
      sent(packets);
      if (isLast) await groupSent?.(group);
    }
    if (!signal.aborted) await target.close();
  } catch (error) {
    // a stop may end a generator in the middle
    if (!signal.aborted || error instanceof FinkError) throw error;
  } finally {
    await target.abandon(); // after close it has nothing to do
  }
}

/** Aborts with the first Ctrl-C; the second ends the process as usual. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

/** Most nights that have a column of their own. */
const maxColumns = 7;

/** What was sent as a table and a line: `heading` says what the labels are. */
export function report(tally: Tally, heading: string, seconds: number): string {
  const nights = nightsOf(tally);
  const shown = nights.length > 1 && nights.length <= maxColumns ? nights : [];
  const rows = rowsOf(tally).map(({ label, nights: own, packets }) => [
    label,
    ...shown.map((_, i) => own[i]),
    packets,
  ]);
  const during = nights.length === 1 ? `the night ${nights[0]}` : `${nights.length} nights`;
  const sizes = `a packet has ${kilobytes(sizeAt(tally, 0.5))} in the median and ${kilobytes(sizeAt(tally, 0.9))} at the 90th percentile`;
  const speed = `${seconds.toFixed(1)} s, ${Math.round(tally.packets / Math.max(seconds, 0.001))} packets/s`;
  return `${table([heading, ...shown, "alerts"], rows)}\n${tally.packets} alerts of ${during}: ${(tally.bytes / 1e6).toFixed(1)} MB in ${speed}; ${sizes}`;
}

/** The same for programs. */
export function reportJson(tally: Tally, seconds: number): Record<string, unknown> {
  const nights = nightsOf(tally);
  const rows = rowsOf(tally).slice(0, -1);
  return {
    alerts: tally.packets,
    bytes: tally.bytes,
    medianBytes: sizeAt(tally, 0.5),
    p90Bytes: sizeAt(tally, 0.9),
    seconds: Math.round(seconds * 1000) / 1000,
    nights: nights.map((night, i) => ({
      night,
      alerts: Object.fromEntries(
        rows.filter((row) => row.nights[i] > 0).map((row) => [row.label, row.nights[i]]),
      ),
    })),
  };
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
