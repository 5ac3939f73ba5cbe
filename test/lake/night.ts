import type { Row } from "./tables.ts";

/**
 * Made-up alerts with every kind of value that readers have trouble with; the same for the same
 * number.
 */
export function makeRows(first: number, count: number, later: boolean): Row[] {
  return Array.from({ length: count }, (_, i) => makeRow(first + i, later));
}

const doubles = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 5e-324, -2460000.123456789];
const texts = ["", "ZTF24abc", "é🜨", 'a,b\n"c"'];

function makeRow(n: number, later: boolean): Row {
  const pick = <T>(values: readonly T[], step: number): T | null =>
    (n + step) % (values.length + 1) === 0 ? null : values[(n * step) % values.length];
  const detection = (step: number): Row => ({
    jd: pick(doubles, step),
    fid: pick([1, 2, -2147483648], step),
    magpsf: pick([17.1, Number.NaN, 0.1], step),
    ...(later && { isdiffpos: pick(texts, step), drb: pick(doubles, step + 1) }),
  });
  return {
    objectId: pick(texts, 1),
    candid: 2n ** 60n + BigInt(n),
    candidate: n % 11 === 0 ? null : detection(1),
    prv_candidates:
      n % 7 === 0
        ? null
        : Array.from({ length: n % 4 }, (_, i) => (i === 2 ? null : detection(i + 2))),
    stamp: pick([new Uint8Array([0x1f, 0x8b, 0, n & 255]), new Uint8Array()], 3),
    _received_at: n % 13 === 0 ? null : 1_700_000_000_000_125n + BigInt(n) * 1000n,
    ...(later && {
      fp_hists: n % 5 === 0 ? null : [{ forcediffimflux: 1.5 * n }].slice(n % 2),
      comments: n % 3 === 0 ? null : { band: n, empty: null },
      isStar: pick([true, false], 1),
      score: pick([123456n, -1n], 1),
    }),
  };
}
