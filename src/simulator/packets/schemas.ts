import { FinkError } from "../../errors.ts";
import type { SurveyName } from "../survey/telescope.ts";
import { ztfDocs } from "./schema-docs.ts";
import { lsstTable } from "./schema-lsst.ts";
import { type ZtfSchema, ztfTables } from "./schema-ztf.ts";

// Names, order and types of the fields as the surveys publish them. In a table a record's name
// stands alone on its line; an indented line is `type field field …`. `[]`: array of. `?`: or null,
// and null by default; `?!`: or null, without a default.

/**
 * The schema of a survey's packets, the newest without `version`: JSON text, and its id in
 * Confluent wire format (LSST: 100 · major + minor).
 */
export function schemaFor(
  survey: SurveyName,
  version: string = newest[survey],
): { readonly id: number; readonly text: string } {
  const schema = schemas[survey][version];
  if (!schema)
    throw new FinkError(
      "usage",
      `${survey} has no schema ${version} here; there are ${Object.keys(schemas[survey]).join(", ")}`,
    );
  return schema;
}

const newest: Readonly<Record<SurveyName, string>> = { ztf: "4.02", lsst: "9.0" };

/** What tells the schema texts of surveys apart. */
interface Dialect {
  readonly recordName: (record: string) => Json;
  readonly fullName: (record: string) => string;
  /** A type that may be null. */
  readonly nullable: (type: Json) => Json;
  readonly docs: ReadonlyMap<string, string>;
}

const schemas: Readonly<
  Record<SurveyName, Readonly<Record<string, { readonly id: number; readonly text: string }>>>
> = {
  // in 3.3 null comes last, though it is the default: as published
  ztf: {
    "4.02": { id: 402, text: ztfText("4.02", (type) => ["null", type]) },
    "3.3": { id: 303, text: ztfText("3.3", (type) => [type, "null"]) },
  },
  lsst: { "9.0": { id: 900, text: lsstText() } },
};

function ztfText(version: ZtfSchema, nullable: (type: Json) => Json): string {
  const recordName = (record: string) => ({
    version,
    name: record,
    namespace: record === "alert" ? "ztf" : "ztf.alert",
  });
  return schemaText(ztfTables[version], {
    recordName,
    fullName: (record) => `ztf.alert.${record}`,
    nullable,
    docs: ztfDocs,
  });
}

function lsstText(): string {
  const fullName = (record: string) => `lsst.v9_0.${record}`;
  return schemaText(lsstTable, {
    recordName: (record) => ({ name: fullName(record) }),
    fullName,
    nullable: (type) => ["null", type],
    docs: new Map(),
  });
}

type Json = string | Json[] | { readonly [key: string]: Json | null };

function schemaText(table: string, { recordName, fullName, nullable, docs }: Dialect): string {
  const records = parseTable(table);
  const defined = new Set<string>();
  const typeOf = (type: string): Json => {
    if (type.endsWith("?!")) return nullable(typeOf(type.slice(0, -2)));
    if (type.endsWith("?")) return nullable(typeOf(type.slice(0, -1)));
    if (type.endsWith("[]")) return { type: "array", items: typeOf(type.slice(0, -2)) };
    const lines = records.get(type);
    if (!lines) return type;
    if (defined.has(type)) return fullName(type);
    defined.add(type);
    const fields = lines.flatMap(([fieldType, ...names]) =>
      names.map((name) => fieldOf(type, name, fieldType)),
    );
    return { type: "record", ...(recordName(type) as object), fields };
  };
  const fieldOf = (record: string, name: string, type: string): Json => {
    const doc = docs.get(`${record}.${name}`) ?? docs.get(name);
    return {
      name,
      type: typeOf(type),
      ...(type.endsWith("?") && { default: null }),
      ...(doc !== undefined && { doc }),
    };
  };
  return JSON.stringify(typeOf("alert"));
}

/** Names of the fields of a record that have that type. */
export function fieldsOf(table: string, record: string, type: string): string[] {
  return (parseTable(table).get(record) ?? []).flatMap(([own, ...names]) =>
    own === type ? names : [],
  );
}

/** The lines of each record, as words. */
function parseTable(table: string): Map<string, string[][]> {
  const records = new Map<string, string[][]>();
  let lines: string[][] = [];
  for (const line of table.trim().split("\n")) {
    if (line.startsWith(" ")) lines.push(line.trim().split(" "));
    else records.set(line, (lines = []));
  }
  return records;
}
