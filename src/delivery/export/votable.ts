import type { Data, Struct } from "apache-arrow";
import type { ColumnType, StructType } from "../../lake/schema.ts";
import { type Json, jsonAt, objectsOf } from "../json.ts";
import { escaped } from "../voevent.ts";

/** A file that is written piece by piece, and can be gone on with after any piece. */
export interface ExportFormat {
  head(): Uint8Array;
  rows(data: Data<Struct>): Uint8Array;
  tail(): Uint8Array;
}

/** VOTable 1.4 (IVOA Recommendation of 2019-10-21), TABLEDATA. Structures become a column for each field; lists of structures and bytes are texts (JSON, base64). */
export function voTable(columns: StructType): ExportFormat {
  const fields = flatten(columns, "");
  const described = fields.map(({ path, type }) => `<FIELD name="${escaped(path)}" ${dataTypeOf(type)}/>`);
  const rowOf = (row: Readonly<Record<string, Json>>) => `<TR>${fields.map(({ path }) => `<TD>${cellOf(at(row, path))}</TD>`).join("")}</TR>\n`;
  return {
    head: () =>
      Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/><TABLE>
${described.join("\n")}
<DATA><TABLEDATA>
`),
    rows: (data) => Buffer.from(objectsOf(data, columns).map(rowOf).join("")),
    tail: () => Buffer.from("</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>\n"),
  };
}

function at(row: Readonly<Record<string, Json>>, path: string): Json {
  return row[path] ?? jsonAt(row, path) ?? null;
}

function flatten({ fields }: StructType, prefix: string): { path: string; type: ColumnType }[] {
  return fields.flatMap(({ name, type }) => {
    const path = `${prefix}${name}`;
    return typeof type === "object" && type.type === "struct" ? flatten(type, `${path}.`) : [{ path, type }];
  });
}

/** Names of VOTable; those of the others are ours. */
const dataTypes: Readonly<Record<string, string>> = { byte: "short", integer: "int" };
const numberTypes = ["boolean", "byte", "short", "integer", "long", "float", "double"];

function dataTypeOf(type: ColumnType): string {
  const inner = typeof type === "object" && type.type === "array" ? type.elementType : type;
  if (typeof inner !== "string" || !numberTypes.includes(inner)) return `datatype="char" arraysize="*"${type === "timestamp" ? ' xtype="timestamp"' : ""}`;
  return `datatype="${dataTypes[inner] ?? inner}"${inner === type ? "" : ' arraysize="*"'}`;
}

function cellOf(value: Json): string {
  if (value === null) return "";
  if (Array.isArray(value))
    return escaped(value.some((item) => typeof item === "object" && item !== null) ? JSON.stringify(value) : value.map(numberOf).join(" "));
  if (typeof value === "object") return escaped(JSON.stringify(value));
  return escaped(numberOf(value));
}

function numberOf(value: Json): string {
  return value === "Infinity" ? "+Inf" : value === "-Infinity" ? "-Inf" : value === null ? "NaN" : String(value);
}
