import { kept } from "../../kept.ts";

/** What was sent so far. */
export interface Tally {
  packets: number;
  bytes: number;
  /** Number of packets by size, label (their class, or survey) and night. */
  readonly sizes: Map<number, number>;
  readonly labels: Map<string, Map<string, number>>;
}

export function newTally(): Tally {
  return { packets: 0, bytes: 0, sizes: new Map(), labels: new Map() };
}

export function count(tally: Tally, night: string, label: string, bytes: number): void {
  tally.packets++;
  tally.bytes += bytes;
  tally.sizes.set(bytes, (tally.sizes.get(bytes) ?? 0) + 1);
  const nights = kept(tally.labels, label, () => new Map<string, number>());
  nights.set(night, (nights.get(night) ?? 0) + 1);
}

/** Nights that have packets, in order. */
export function nightsOf(tally: Tally): string[] {
  return [...new Set([...tally.labels.values()].flatMap((nights) => [...nights.keys()]))].sort();
}

/** Size below which the share `quantile` of the packets lies; 0 for none. */
export function sizeAt(tally: Tally, quantile: number): number {
  let below = 0;
  for (const [bytes, packets] of [...tally.sizes].sort(([a], [b]) => a - b)) {
    below += packets;
    if (below >= quantile * tally.packets) return bytes;
  }
  return 0;
}

/**
 * A row for each label, the most frequent first, and one for all: label, packets in each night,
 * packets.
 */
export function rowsOf(
  tally: Tally,
): { readonly label: string; readonly nights: readonly number[]; readonly packets: number }[] {
  const nights = nightsOf(tally);
  const rows = [...tally.labels].map(([label, counts]) => {
    const own = nights.map((night) => counts.get(night) ?? 0);
    return { label, nights: own, packets: sum(own) };
  });
  rows.sort((a, b) => b.packets - a.packets || (a.label < b.label ? -1 : 1));
  return [
    ...rows,
    {
      label: "all",
      nights: nights.map((_, i) => sum(rows.map((row) => row.nights[i]))),
      packets: tally.packets,
    },
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
