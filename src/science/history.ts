import type { Alerts, NumberLists } from "./module.ts";

/** What is known of the earlier measurements of an alert, and where. */
export interface Places {
  readonly current: string;
  readonly history: string;
}

export const ztfPlaces: Places = { current: "candidate", history: "prv_candidates" };
export const lsstPlaces: Places = { current: "diaSource", history: "prvDiaSources" };

export interface TextLists {
  readonly offsets: Int32Array;
  readonly values: readonly (string | null)[];
}

/**
 * One list per alert, oldest first: its history, then the alert itself. Agrees with
 * fink_utils.spark.utils.concat_col.
 */
export function withHistory(
  alerts: Alerts,
  field: string,
  { current, history }: Places,
): NumberLists {
  const lists = alerts.lists(`${history}.${field}`);
  return remembered(lists.values, () =>
    joined(
      lists,
      alerts.numbers(`${current}.${field}`),
      new Float64Array(lists.values.length + alerts.count),
    ),
  );
}

export function textsWithHistory(
  alerts: Alerts,
  field: string,
  { current, history }: Places,
): TextLists {
  const lists = alerts.textLists(`${history}.${field}`);
  return remembered(lists.values, () =>
    joined(lists, alerts.texts(`${current}.${field}`), [] as (string | null)[]),
  );
}

interface Lists<T> {
  readonly offsets: Int32Array;
  readonly values: T;
}

function joined<E, T extends { [i: number]: E }>(
  { offsets, values }: Lists<{ readonly [i: number]: E }>,
  own: ArrayLike<E>,
  into: T,
): Lists<T> {
  for (let i = 0; i < own.length; i++) {
    for (let j = offsets[i]; j < offsets[i + 1]; j++) into[j + i] = values[j];
    into[offsets[i + 1] + i] = own[i];
  }
  return { offsets: offsets.map((offset, i) => offset + i), values: into };
}

/**
 * Most modules of a batch need the same few lists; each gets the same arrays, so these are the key.
 */
const known = new WeakMap<object, unknown>();

function remembered<T>(key: object, make: () => T): T {
  if (!known.has(key)) known.set(key, make());
  return known.get(key) as T;
}
