import {
  Bool,
  type Data,
  Field,
  Float64,
  Int32,
  Int64,
  makeBuilder,
  RecordBatch,
  Schema,
  Struct,
  Table as ArrowTable,
  tableToIPC,
  Utf8,
} from "apache-arrow";
import type { Context } from "hono";
import { toParquet } from "../../lake/parquet.ts";
import { jsonText, numberText } from "../../sql/values.ts";
import type { Cell, ColumnKind, Table } from "./table.ts";

export const outputFormats = ["json", "csv", "votable", "parquet"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The rows in the format that was asked for, with Fink's content types. */
export function answer(context: Context, table: Table, format: OutputFormat): Response {
  const body = { json, csv, votable, parquet }[format](table);
  return context.body(typeof body === "string" ? body : new Uint8Array(body), 200, {
    "Content-Type": contentTypes[format],
  });
}

const contentTypes = {
  json: "application/json",
  csv: "application/csv; charset=utf-8",
  votable: "text/xml; charset=utf-8",
  parquet: "application/vnd.apache.parquet",
} as const;

/**
 * An array of row objects; 64-bit integers are numbers with all their digits, as Fink's clients
 * expect.
 */
function json({ columns, rows }: Table): string {
  const names = columns.map(({ name }) => JSON.stringify(name));
  return `[${rows.map((row) => `{${row.map((value, i) => `${names[i]}:${jsonOf(value)}`).join(",")}}`).join(",")}]`;
}

export function jsonOf(value: Cell): string {
  return typeof value === "bigint" ? String(value) : jsonText(value);
}

function csv({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `${cells.map((c) => (/[",\r\n]/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)).join(",")}\n`;
  if (columns.length === 0) return "\n";
  return line(columns.map(({ name }) => name)) + rows.map((row) => line(row.map(csvOf))).join("");
}

function csvOf(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  return plainText(value);
}

function plainText(value: NonNullable<Cell>): string {
  if (typeof value === "object") return jsonText(value);
  return typeof value === "number" ? numberText(value) : String(value);
}

const votableTypes: Readonly<Record<ColumnKind, string>> = {
  long: 'datatype="long"',
  int: 'datatype="int"',
  double: 'datatype="double"',
  boolean: 'datatype="boolean"',
  text: 'datatype="unicodeChar" arraysize="*"',
  list: 'datatype="unicodeChar" arraysize="*"',
};

/** VOTable 1.4; the field `i:ra` has the ID `i_ra`, by which Astropy calls it. */
function votable(table: Table): string {
  const { columns, rows } = withTextBeyond64Bits(table);
  const fields = columns.map(
    ({ name, kind }) =>
      `<FIELD ID="${xml(name.replace(/[^\w.-]/g, "_"))}" name="${xml(name)}" ${votableTypes[kind]}/>`,
  );
  const cells = (row: readonly Cell[]) =>
    row.map((value) => `<TD>${value === null ? "" : xml(plainText(value))}</TD>`).join("");
  return `<?xml version="1.0" encoding="utf-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results"><TABLE>
${fields.join("\n")}
<DATA><TABLEDATA>
${rows.map((row) => `<TR>${cells(row)}</TR>`).join("\n")}
</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
`;
}

/**
 * The formats with types have no integers of more than 64 bits: a column that holds one is text.
 */
function withTextBeyond64Bits({ columns, rows }: Table): Table {
  const isTooLong = (value: Cell): boolean =>
    typeof value === "bigint" && BigInt.asIntN(64, value) !== value;
  const asText = columns.map(
    ({ kind }, i) => kind === "long" && rows.some((row) => isTooLong(row[i])),
  );
  if (!asText.includes(true)) return { columns, rows };
  return {
    columns: columns.map((column, i) => (asText[i] ? { ...column, kind: "text" } : column)),
    rows: rows.map((row) =>
      row.map((value, i) => (asText[i] && value !== null ? String(value) : value)),
    ),
  };
}

/** Characters that XML 1.0 does not have are left out. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const arrowTypes = {
  long: () => new Int64(),
  int: () => new Int32(),
  double: () => new Float64(),
  boolean: () => new Bool(),
  text: () => new Utf8(),
  list: () => new Utf8(),
};

function parquet(table: Table): Uint8Array {
  return toParquet(arrowOf(table));
}

/** Arrow's IPC stream. */
export function arrow(table: Table): Uint8Array {
  const data = arrowOf(table);
  const schema = new Schema(data.type.children);
  return tableToIPC(new ArrowTable(schema, [new RecordBatch(schema, data)]), "stream");
}

function arrowOf(table: Table): Data<Struct> {
  const { columns, rows } = withTextBeyond64Bits(table);
  const type = new Struct(
    columns.map(({ name, kind }) => new Field(name, arrowTypes[kind](), true)),
  );
  const builder = makeBuilder({ type, nullValues: [null, undefined] });
  for (const row of rows)
    builder.append(
      Object.fromEntries(
        columns.map(({ name, kind }, i) => [
          name,
          kind === "list" && row[i] !== null ? jsonText(row[i]) : row[i],
        ]),
      ) as never,
    );
  return builder.finish().flush() as Data<Struct>;
}
