import { kept } from "../kept.ts";
import type { NoneValue } from "../surveys/none.ts";
import type { AlertColumns } from "./alerts.ts";
import type { Alerts } from "./module.ts";

type Column = Omit<Alerts, "count" | "isNone">;

/**
 * Reads the column at a path that alerts do not have, or whose structure or list has no value in
 * any of them: null everywhere. Asked twice it gives the same arrays.
 */
export function absentColumns(alerts: AlertColumns): (path: string) => Column {
  const columns = new Map<string, Column>();
  return (path) => kept(columns, path, () => absentColumn(alerts, path));
}

function absentColumn(alerts: AlertColumns, path: string): Column {
  const { count } = alerts;
  const offsets = offsetsBeside(alerts, path);
  const numbers = new Float64Array(count).fill(NaN);
  const [lists, textLists] = [
    new Float64Array(offsets[count]).fill(NaN),
    Array.from({ length: offsets[count] }, () => null),
  ];
  return {
    numbers: () => numbers,
    longs: () => new BigInt64Array(count),
    booleans: () => new Uint8Array(count).fill(2),
    texts: () => Array.from({ length: count }, () => null),
    bytes: () => null,
    lists: () => ({ offsets, values: lists }),
    textLists: () => ({ offsets, values: textLists }),
  };
}

/** A field that entries of a list lack is null in as many entries as its neighbours have. */
function offsetsBeside(alerts: AlertColumns, path: string): Int32Array {
  const outer = path.slice(0, path.lastIndexOf(".") + 1);
  const beside =
    outer === ""
      ? []
      : [...alerts.paths].filter(
          (one) => one.startsWith(outer) && !one.includes(".", outer.length),
        );
  for (const neighbour of beside) {
    for (const read of [alerts.lists, alerts.textLists]) {
      try {
        return read(neighbour).offsets;
      } catch {
        // of another type, or in no list
      }
    }
  }
  return new Int32Array(alerts.count + 1);
}

/** 1 where an alert has no value at the path: null, NaN, or one of `none`. */
export function noneAt(
  { numbers, texts }: Column,
  path: string,
  none: readonly NoneValue[] = [],
): Uint8Array {
  try {
    return Uint8Array.from(numbers(path), (value) =>
      Number(Number.isNaN(value) || none.includes(value)),
    );
  } catch {
    return Uint8Array.from(texts(path), (value) => Number(value === null || none.includes(value)));
  }
}
