import type { Data } from "apache-arrow";
import { FinkError } from "../errors.ts";
import type { Survey } from "../surveys/definition.ts";
import type { AlertColumns } from "./alerts.ts";
import type { AddedColumn, Values } from "./module.ts";
import { toArrow } from "./results.ts";

/** A column of the alert that its science row has too: which alert, of what object, when and where. */
export interface Key {
  readonly path: string;
  readonly of: "alert" | "object" | "time" | "position";
}

/** The keys among these columns, the alert's id first. Throws "schema" where the survey's definition names no id that is there. */
export function keysOf({ name, alert, object, time, position }: Survey, paths: ReadonlySet<string>): Key[] {
  const first = (candidates: readonly string[] | undefined, of: Key["of"]): Key[] => {
    const path = candidates?.find((p) => paths.has(p));
    return path === undefined ? [] : [{ path, of }];
  };
  const id = first(alert, "alert");
  if (id.length === 0) throw new FinkError("schema", `alerts of ${name} have no id: its survey definition names no column (alert:) that they have`);
  return [...id, ...first(object, "object"), ...first(time?.field, "time"), ...first(position?.ra, "position"), ...first(position?.dec, "position")];
}

export function keyColumn({ path, of }: Key, alerts: AlertColumns): readonly [name: string, data: Data] {
  const column = (type: AddedColumn["type"], values: Values) => [path, toArrow({ type }, values, alerts.count)] as const;
  if (of === "time" || of === "position") return column("double", { values: alerts.numbers(path) });
  if (of === "object" && isText(alerts, path)) return column("string", { values: [...alerts.texts(path)] });
  const values = alerts.longs(path);
  return column("long", { values, missing: Uint8Array.from(values, (id) => (id === 0n ? 1 : 0)) }); // a null id is read as 0
}

function isText(alerts: AlertColumns, path: string): boolean {
  try {
    alerts.texts(path);
    return true;
  } catch {
    return false;
  }
}
