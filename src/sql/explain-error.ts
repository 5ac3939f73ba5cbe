import { nearest } from "../config/nearest.ts";
import { FinkError, messageOf } from "../errors.ts";
import type { StructType } from "../lake/schema.ts";
import type { SessionTable } from "./views.ts";

/** DuckDB's error as one line for whoever wrote the query. */
export function explain(error: unknown, tables: readonly SessionTable[]): unknown {
  if (error instanceof FinkError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new FinkError("sql", unknownColumn(text, tables) ?? other(text), error);
}

/** The error for a name that no view of the lake has. */
export function noSuchTable(name: string, views: readonly string[]): FinkError {
  const start = `there is no table ${name}`;
  if (views.length === 0)
    return new FinkError(
      "sql",
      `${start}: the lake is empty; ./fink ingest or ./fink start archive fills it`,
    );
  const kind = name.split(".").at(-1) ?? name;
  const meant = nearest(name, views) ?? views.find((view) => nearest(kind, [view.split(".")[1]]));
  return new FinkError(
    "sql",
    `${start}; ${meant ? `did you mean ${meant}?` : `there are ${views.join(", ")}`}`,
  );
}

function unknownColumn(text: string, tables: readonly SessionTable[]): string | undefined {
  const name = /(?:Referenced column|have a column named|find key) "(.+?)"/.exec(text)?.[1];
  if (name === undefined) return undefined;
  const paths = new Map(
    tables.flatMap(({ loaded }) => (loaded ? pathsIn(loaded.schema) : [])).reverse(),
  );
  const meant = paths.get(nearest(name, paths.keys()) ?? "");
  return `there is no column ${name}; ${meant === undefined ? "DESCRIBE and the table's name lists the columns" : `did you mean ${meant}?`}`;
}

/** Each field's name and how a query writes it; outer ones first. */
function pathsIn(type: StructType, prefix = ""): [name: string, path: string][] {
  const own = type.fields.map((f): [string, string] => [f.name, prefix + f.name]);
  const inner = type.fields.flatMap((f) =>
    typeof f.type !== "string" && f.type.type === "struct"
      ? pathsIn(f.type, `${prefix}${f.name}.`)
      : [],
  );
  return [...own, ...inner];
}

function other(text: string): string {
  if (text.startsWith("INTERRUPT")) return "interrupted";
  if (text.startsWith("Out of Memory"))
    return `the query needs too much memory: select fewer columns or nights (${messageOf(text)})`;
  return messageOf(text).replace(/^Failed to extract statements: /, "");
}
