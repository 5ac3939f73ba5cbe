import type { Data, Struct } from "apache-arrow";
import { FinkError } from "../errors.ts";
import type { Survey } from "../surveys/definition.ts";
import type { AlertColumns } from "./alerts.ts";
import type { AddedColumn, Values } from "./module.ts";
import { nested, toArrow } from "./results.ts";
import type { ModuleOutcome } from "./runner.ts";

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

/** Rows as they are stored: keys under their own names, what the modules added, and in `_modules` which versions did, with a `!` behind those that failed. */
export function withKeys(keys: readonly Key[], alerts: AlertColumns, added: Data<Struct>, outcomes: readonly ModuleOutcome[]): Data<Struct> {
  const made = outcomes.map(({ module, failure }) => `${module.name}@${module.version}${failure === null ? "" : "!"}`).join(" ");
  const columns = keys.map((key) => keyColumn(key, alerts));
  const texts = toArrow({ ...described, type: "string", name: "_modules" }, { values: Array.from({ length: alerts.count }, () => made) }, alerts.count);
  const modules = added.type.children.map(({ name }, i) => [name, added.children[i]] as const);
  return nested([...columns, ...modules, ["_modules", texts]], alerts.count);
}

const described = { unit: null, description: "" };

function keyColumn({ path, of }: Key, alerts: AlertColumns): readonly [name: string, data: Data] {
  const column = (type: AddedColumn["type"], values: Values) => [path, toArrow({ ...described, name: path, type }, values, alerts.count)] as const;
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
