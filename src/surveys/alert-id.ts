/** An alert's id: a 64-bit integer, or a text where the survey's alerts have one. */
export type AlertId = bigint | string;

/** Ids of many alerts, all of one kind. An alert without one has 0 or "" here. */
export type AlertIds = BigInt64Array | readonly string[];

export function hasNoId(id: AlertId): boolean {
  return id === 0n || id === "";
}

/** An id as a 64-bit integer; null: it is none. */
export function longOf(id: AlertId): bigint | null {
  if (typeof id === "bigint") return id;
  if (!/^-?\d{1,19}$/.test(id)) return null;
  const long = BigInt(id);
  return BigInt.asIntN(64, long) === long ? long : null;
}

export function alertIds(ids: Iterable<AlertId>): AlertIds {
  const all = [...ids];
  return typeof all[0] === "string" ? (all as string[]) : BigInt64Array.from(all as bigint[]);
}

/** The ids of some rows. */
export function idsAt(ids: AlertIds, rows: readonly number[]): AlertIds {
  return ids instanceof BigInt64Array
    ? BigInt64Array.from(rows, (row) => ids[row])
    : rows.map((row) => ids[row]);
}
