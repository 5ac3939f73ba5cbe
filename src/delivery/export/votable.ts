import type { Data, Struct } from "apache-arrow";
import type { ColumnType, StructType } from "../../lake/schema.ts";
import { jsonText, numberText } from "../../sql/values.ts";
import { type Json, objectsOf } from "../json.ts";
import { escaped } from "../voevent.ts";

/** A file that is written piece by piece, and can be gone on with after any piece. */
export interface ExportFormat {
  head(): Uint8Array;
  rows(data: Data<Struct>): Uint8Array;
  tail(): Uint8Array;
}

/**
 * VOTable 1.4 (IVOA Recommendation of 2019-10-21), TABLEDATA. Structures become a column for each
 * field; lists of numbers are arrays, other lists and maps JSON; bytes are base64.
 */
export function voTable(columns: StructType): ExportFormat {
  const fields = flatten(columns, []);
  const described = fields.map(
    ({ steps, type }) => `<FIELD name="${escaped(steps.join("."))}" ${dataTypeOf(type)}</FIELD>`,
  );
  const rowOf = (row: Json) =>
    `<TR>${fields.map(({ steps, type }) => `<TD>${escaped(cellOf(valueAt(row, steps), type))}</TD>`).join("")}</TR>\n`;
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

interface Leaf {
  readonly steps: readonly string[];
  readonly type: ColumnType;
}

function flatten({ fields }: StructType, above: readonly string[]): Leaf[] {
  return fields.flatMap(({ name, type }) => {
    const steps = [...above, name];
    return typeof type === "object" && type.type === "struct"
      ? flatten(type, steps)
      : [{ steps, type }];
  });
}

function valueAt(row: Json, steps: readonly string[]): Json {
  return steps.reduce<Json>(
    (value, name) => (value as Readonly<Record<string, Json>> | null)?.[name] ?? null,
    row,
  );
}

/**
 * VOTable's name of a type, and the value that means null among the items of an array; a null cell
 * is empty.
 */
const numberTypes: Readonly<
  Record<string, { readonly datatype: string; readonly nullItem: string }>
> = {
  boolean: { datatype: "boolean", nullItem: "?" },
  integer: { datatype: "int", nullItem: String(-(2 ** 31)) },
  long: { datatype: "long", nullItem: String(-(2n ** 63n)) },
  float: { datatype: "float", nullItem: "NaN" },
  double: { datatype: "double", nullItem: "NaN" },
};

function dataTypeOf(type: ColumnType): string {
  const items = arrayItems(type);
  if (items) {
    const isInteger = items.datatype === "int" || items.datatype === "long";
    return `datatype="${items.datatype}" arraysize="*">${isInteger ? `<VALUES null="${items.nullItem}"/>` : ""}`;
  }
  const number = typeof type === "string" ? numberTypes[type] : undefined;
  if (number) return `datatype="${number.datatype}">`;
  return `datatype="unicodeChar" arraysize="*"${type === "timestamp" ? ' xtype="timestamp"' : ""}>`;
}

/** Undefined for all but lists of numbers. */
function arrayItems(type: ColumnType) {
  return typeof type === "object" && type.type === "array" && typeof type.elementType === "string"
    ? numberTypes[type.elementType]
    : undefined;
}

function cellOf(value: Json, type: ColumnType): string {
  if (value === null) return "";
  const items = arrayItems(type);
  if (items)
    return (value as readonly Json[])
      .map((item) => (item === null ? items.nullItem : scalarText(item)))
      .join(" ");
  if (typeof value === "object") return jsonText(value);
  return type === "string" ? String(value) : scalarText(value);
}

function scalarText(value: Json): string {
  if (typeof value === "number") return numberText(value);
  return value === "Infinity" ? "+Inf" : value === "-Infinity" ? "-Inf" : String(value);
}
