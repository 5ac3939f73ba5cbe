import { nearest } from "../config/nearest.ts";
import { FinkError, messageOf } from "../errors.ts";
import type { StructType } from "../lake/schema.ts";

/** What the lake has, to tell the name that was meant. */
interface Known {
  readonly survey: string;
  readonly kind: string;
  readonly snapshot: { readonly schema: StructType };
}

/** DuckDB's error as one line for whoever wrote the query. */
export function explain(error: unknown, tables: readonly Known[]): unknown {
  if (error instanceof FinkError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new FinkError("sql", unknownTable(text, tables) ?? unknownColumn(text, tables) ?? other(text), error);
}

function unknownTable(text: string, tables: readonly Known[]): string | undefined {
  const bare = /Table with name "?(.+?)"? does not exist/.exec(text)?.[1];
  if (bare === undefined) return undefined;
  // DuckDB leaves the survey out, but quotes the line
  const name = /LINE \d+: .*?(\w+\.\w+)/.exec(text)?.[1] ?? bare;
  const full = tables.map((table) => `${table.survey}.${table.kind}`);
  if (full.length === 0) return `there is no table ${name}: the lake is empty; ./fink ingest or ./fink start archive fills it`;
  const meant = nearest(name, full) ?? full.find((one) => nearest(bare, [one.split(".")[1]]));
  return `there is no table ${name}; ${meant ? `did you mean ${meant}?` : `there are ${full.join(", ")}`}`;
}

function unknownColumn(text: string, tables: readonly Known[]): string | undefined {
  const name = /(?:Referenced column|have a column named|find key) "(.+?)"/.exec(text)?.[1];
  if (name === undefined) return undefined;
  const paths = new Map(tables.flatMap((table) => pathsIn(table.snapshot.schema)).reverse());
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
