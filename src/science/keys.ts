import type { Data } from "apache-arrow";
import { FinkError } from "../errors.ts";
import { type AlertIds, hasNoId } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import type { AlertColumns } from "./alerts.ts";
import { toArrow } from "./results.ts";

/**
 * A column of the alert that its science row has too: which alert, of what object, when and where.
 */
export interface Key {
  /**
   * A merged file has alerts of several schema versions: the first of these that has a value
   * counts, and it is stored under the first.
   */
  readonly paths: readonly [string, ...string[]];
  readonly of: "alert" | "object" | "number";
}

/**
 * The keys among these columns, the alert's id first. Throws "schema" where the survey's definition
 * names no id that is there.
 */
export function keysOf(
  { name, alert, object, time, position }: Survey,
  paths: ReadonlySet<string>,
): Key[] {
  const among = (candidates: readonly string[] | undefined, of: Key["of"]): Key[] => {
    const [first, ...more] = candidates?.filter((p) => paths.has(p)) ?? [];
    return first === undefined ? [] : [{ paths: [first, ...more], of }];
  };
  const id = among(alert, "alert");
  if (id.length === 0)
    throw new FinkError(
      "schema",
      `alerts of ${name} have no id: its survey definition names no column (alert:) that they have`,
    );
  const numbers = [time?.field, position?.ra, position?.dec].flatMap((candidates) =>
    among(candidates, "number"),
  );
  return [...id, ...among(object, "object"), ...numbers];
}

/** What has to be read for `idsIn`. */
export function idPaths(survey: Survey, { paths }: Pick<AlertColumns, "paths">): readonly string[] {
  return keysOf(survey, paths)[0].paths;
}

/** The ids of alerts, or of rows of science. */
export function idsIn(alerts: AlertColumns, survey: Survey): AlertIds {
  return idsOfKey(keysOf(survey, alerts.paths)[0], alerts);
}

/** The ids in one column of any table. */
export function idsInColumn(path: string, alerts: AlertColumns): AlertIds {
  return idsOfKey({ paths: [path], of: "alert" }, alerts);
}

function idsOfKey(key: Key, alerts: AlertColumns): AlertIds {
  return isText(alerts, key.paths[0])
    ? textsOf(key, alerts).map((text) => text ?? "")
    : longsOf(key, alerts);
}

export function keyColumn(key: Key, alerts: AlertColumns): readonly [name: string, data: Data] {
  const [name] = key.paths;
  if (key.of === "number")
    return [
      name,
      toArrow({ type: "double" }, { values: numbersOf(key.paths, alerts) }, alerts.count),
    ];
  if (isText(alerts, name))
    return [name, toArrow({ type: "string" }, { values: textsOf(key, alerts) }, alerts.count)];
  const values = longsOf(key, alerts);
  return [
    name,
    toArrow(
      { type: "long" },
      { values, missing: Uint8Array.from(values, (id) => (hasNoId(id) ? 1 : 0)) },
      alerts.count,
    ),
  ];
}

/** Of the first of the paths that has a number. */
export function numbersOf(paths: readonly string[], alerts: AlertColumns): Float64Array {
  return firstOf(paths, (path) => alerts.numbers(path), Number.isNaN);
}

function longsOf({ paths }: Key, alerts: AlertColumns): BigInt64Array {
  return firstOf(paths, (path) => alerts.longs(path), hasNoId); // a null id is read as 0
}

function textsOf({ paths }: Key, alerts: AlertColumns): (string | null)[] {
  return firstOf(
    paths,
    (path) => alerts.texts(path) as (string | null)[],
    (text) => text === null,
  );
}

interface Column<T> {
  readonly [row: number]: T;
  some(test: (value: T) => boolean): boolean;
  map(make: (value: T, row: number) => T): Column<T>;
}

/** Later columns are only looked at for what those before them do not say. */
function firstOf<T, C extends Column<T>>(
  paths: readonly string[],
  read: (path: string) => C,
  isMissing: (value: T) => boolean,
): C {
  return paths.slice(1).reduce((values, path) => {
    if (!values.some(isMissing)) return values;
    const others = read(path);
    return values.map((value, row) => (isMissing(value) ? others[row] : value)) as C;
  }, read(paths[0]));
}

function isText(alerts: AlertColumns, path: string): boolean {
  try {
    alerts.texts(path);
    return true;
  } catch {
    return false;
  }
}
