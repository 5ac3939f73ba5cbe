import { FinkError } from "../../src/errors.ts";
import type { AlertColumns } from "../../src/science/alerts.ts";
import type { Columns } from "../../src/science/module.ts";

type Value = number | string | null;
/** A light curve, its last point the alert's own; single values are the alert's. */
export type LightCurve = Readonly<Record<string, readonly Value[] | Value>>;

/** One alert from a light curve whose columns are named as in packets. */
export function alertOf(
  curve: LightCurve,
  { current, history }: { current: string; history: string },
): AlertColumns {
  const last = (path: string): Value => {
    const found = curve[path.replace(`${current}.`, "")];
    if (found === undefined) throw new FinkError("schema", `no column ${path}`);
    return Array.isArray(found) ? (found as readonly Value[]).at(-1)! : (found as Value);
  };
  const before = kept((path) =>
    (curve[path.replace(`${history}.`, "")] as readonly Value[]).slice(0, -1),
  );
  const numbers = kept((path) =>
    Float64Array.from(before(path), (value) => (value === null ? NaN : Number(value))),
  );
  const offsets = Int32Array.of(
    0,
    Object.values(curve).reduce<number>(
      (most, values) => Math.max(most, Array.isArray(values) ? values.length - 1 : 0),
      0,
    ),
  );
  return {
    ...nothing,
    numbers: (path) => Float64Array.of(Number(last(path) ?? NaN)),
    texts: (path) => [last(path) as string | null],
    lists: (path) => ({ offsets, values: numbers(path) }),
    textLists: (path) => ({ offsets, values: before(path) as readonly (string | null)[] }),
  };
}

/** What modules gave, as alerts have it. */
export function resultsAsAlerts(count: number, columns: Columns): AlertColumns {
  return {
    ...nothing,
    count,
    numbers: kept((path) =>
      Float64Array.from(columns[path].values as Float64Array, (value, i) =>
        columns[path].missing?.[i] === 1 ? NaN : value,
      ),
    ),
  };
}

const no = (): never => {
  throw new FinkError("schema", "not given");
};
const nothing: AlertColumns = {
  count: 1,
  paths: new Set(),
  numbers: no,
  longs: no,
  booleans: no,
  texts: no,
  bytes: no,
  lists: no,
  textLists: no,
  isNone: no,
};

function kept<T>(make: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>();
  return (path) => {
    if (!known.has(path)) known.set(path, make(path));
    return known.get(path)!;
  };
}
