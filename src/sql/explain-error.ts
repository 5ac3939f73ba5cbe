import { nearest } from "../config/nearest.ts";
import { FinkError, messageOf } from "../errors.ts";
import type { StructType } from "../lake/schema.ts";
import type { LakeViews, SessionTable } from "./views.ts";

/** What the lake has, to tell the name that was meant. */
type Known = Pick<LakeViews, "tables" | "unreadable">;

/** DuckDB's error as one line for whoever wrote the query. */
export function explain(error: unknown, { tables, unreadable }: Known): unknown {
  if (error instanceof FinkError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return unreadableTable(text, unreadable) ?? new FinkError("sql", unknownTable(text, tables) ?? unknownColumn(text, tables) ?? other(text), error);
}

/** A table that cannot be read has no view. DuckDB says `raw` or `lsst.raw`, and quotes the line that has the survey. */
function unreadableTable(text: string, unreadable: Known["unreadable"]): FinkError | undefined {
  const asked = nameIn(text)?.toLowerCase();
  const isIt = (name: string) => name === asked || (name.endsWith(`.${asked}`) && text.toLowerCase().includes(name.split(".")[0]));
  return [...unreadable].find(([name]) => isIt(name.toLowerCase()))?.[1];
}

function nameIn(text: string): string | undefined {
  return /Table with name "?(.+?)"? does not exist/.exec(text)?.[1];
}

function unknownTable(text: string, tables: readonly SessionTable[]): string | undefined {
  const bare = nameIn(text);
  if (bare === undefined) return undefined;
  // DuckDB leaves the survey out, but quotes the line
  const name = /LINE \d+: .*?(\w+\.\w+)/.exec(text)?.[1] ?? bare;
  const full = tables.map((table) => `${table.survey}.${table.kind}`);
  if (full.length === 0) return `there is no table ${name}: the lake is empty; ./fink ingest or ./fink start archive fills it`;
  const meant = nearest(name, full) ?? full.find((one) => nearest(bare, [one.split(".")[1]]));
  return `there is no table ${name}; ${meant ? `did you mean ${meant}?` : `there are ${full.join(", ")}`}`;
}

function unknownColumn(text: string, tables: readonly SessionTable[]): string | undefined {
  const name = /(?:Referenced column|have a column named|find key) "(.+?)"/.exec(text)?.[1];
  if (name === undefined) return undefined;
  const paths = new Map(tables.flatMap(({ loaded }) => (loaded ? pathsIn(loaded.schema) : [])).reverse());
  const meant = paths.get(nearest(name, paths.keys()) ?? "");
  return `there is no column ${name}; ${meant === undefined ? "DESCRIBE and the table's name lists the columns" : `did you mean ${meant}?`}`;
}

/** Each field's name and how a query writes it; outer ones first. */
function pathsIn(type: StructType, prefix = ""): [name: string, path: string][] {
  const own = type.fields.map((f): [string, string] => [f.name, prefix + f.name]);
  const inner = type.fields.flatMap((f) => (typeof f.type !== "string" && f.type.type === "struct" ? pathsIn(f.type, `${prefix}${f.name}.`) : []));
  return [...own, ...inner];
}

function other(text: string): string {
  if (text.startsWith("INTERRUPT")) return "interrupted";
  if (text.startsWith("Out of Memory")) return `the query needs too much memory: select fewer columns or nights (${messageOf(text)})`;
  return messageOf(text).replace(/^Failed to extract statements: /, "");
}
