import { FinkError } from "../../errors.ts";
import {
  type Cell,
  type CellType,
  type ForeignColumn,
  type ForeignTable,
  numberNamed,
} from "./table-columns.ts";
import { xmlAttribute, type XmlTag, xmlTags, xmlText } from "./xml-tags.ts";

// VOTable 1.4: https://www.ivoa.net/documents/VOTable/20191021/; the serializations are section 5.

/** The first table of a VOTable whose rows are TABLEDATA, BINARY or BINARY2. */
export function readVoTable(text: string): ForeignTable {
  const fields: Field[] = [];
  let [inTable, inField, inData] = [false, false, false];
  let serialization: string | undefined;
  const tags = xmlTags(text);
  for (const tag of tags) {
    if (tag.name === "TABLE") {
      if (inTable && tag.kind === "close") break;
      inTable = true;
    } else if (!inTable) continue;
    else if (tag.name === "FIELD" || tag.name === "PARAM") {
      inField = tag.name === "FIELD" && tag.kind === "open";
      if (tag.name === "FIELD" && tag.kind !== "close") fields.push(fieldOf(tag.attributes));
    } else if (tag.name === "VALUES" && inField)
      fields.at(-1)!.missing ??= xmlAttribute(tag.attributes, "null");
    else if (tag.name === "DATA" && tag.kind === "open") inData = true;
    else if (tag.name === "TABLEDATA" && tag.kind !== "close")
      return tableOf(fields, tag.kind === "empty" ? [] : textRows(text, tags, fields));
    else if (tag.name === "BINARY" || tag.name === "BINARY2") serialization = tag.name;
    else if (
      tag.name === "STREAM" &&
      serialization !== undefined &&
      xmlAttribute(tag.attributes, "encoding") === "base64"
    ) {
      const end = text.indexOf("<", tag.end);
      const bytes = Buffer.from(text.slice(tag.end, end < 0 ? text.length : end), "base64");
      return tableOf(fields, binaryRows(bytes, fields, serialization === "BINARY2"));
    }
  }
  if (!inTable) throw new FinkError("io", "there is no TABLE in the VOTable");
  if (inData)
    throw new FinkError(
      "io",
      "the VOTable's rows are neither TABLEDATA nor BINARY or BINARY2 in base64: save it as one of them",
    );
  return tableOf(fields, []);
}

function tableOf(fields: readonly Field[], rows: readonly Cell[][]): ForeignTable {
  const columns = fields.flatMap(({ name, type, unit }, i): ForeignColumn[] =>
    type ? [{ name, type, unit, cell: (row) => rows[row][i] ?? null }] : [],
  );
  return { rows: rows.length, columns };
}

interface Field {
  readonly name: string;
  /** undefined: cells of several values. */
  readonly type: CellType | undefined;
  readonly datatype: string;
  /** Values of a cell; null: as many as the cell says. */
  readonly length: number | null;
  readonly unit: string | null;
  /** How a null is written. */
  missing: string | undefined;
}

/** Bytes of what is no number. */
const otherBytes: Readonly<Record<string, number>> = {
  boolean: 1,
  char: 1,
  unicodeChar: 2,
  floatComplex: 8,
  doubleComplex: 16,
};

/** Items of one cell; a fixed size beyond it is damaged. */
const mostItems = 2 ** 31;

function fieldOf(attributes: string): Field {
  const [datatype, size] = [
    xmlAttribute(attributes, "datatype") ?? "char",
    xmlAttribute(attributes, "arraysize") ?? "1",
  ];
  const isText = datatype === "char" || datatype === "unicodeChar";
  const length = size.includes("*")
    ? null
    : size.split("x").reduce((product, axis) => product * Number(axis), 1);
  const name = xmlAttribute(attributes, "name") ?? xmlAttribute(attributes, "ID") ?? "";
  if (length !== null && !(Number.isInteger(length) && length >= 0 && length <= mostItems))
    throw new FinkError(
      "io",
      `field ${name} of the VOTable has arraysize ${size}, which is no size`,
    );
  const type = isText
    ? "text"
    : length !== 1
      ? undefined
      : datatype === "boolean"
        ? "boolean"
        : numberNamed(datatype)?.type;
  return {
    name,
    datatype,
    length,
    type,
    unit: xmlAttribute(attributes, "unit")?.trim() || null,
    missing: undefined,
  };
}

/** Rows of TABLEDATA; the tags behind it are left. */
function textRows(text: string, tags: Iterable<XmlTag>, fields: readonly Field[]): Cell[][] {
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  let cellAt = 0;
  for (const { name, kind, at, end } of tags) {
    if (name === "TR") {
      if (kind !== "close") row = [];
      if (kind !== "open") rows.push(row);
    } else if (name === "TD") {
      const field = fields[row.length] as Field | undefined;
      if (kind === "open") cellAt = end;
      else if (!field)
        throw new FinkError(
          "io",
          `row ${rows.length + 1} of the VOTable has more cells than there are fields (${fields.length})`,
        );
      else
        row.push(
          kind === "empty" ? null : cellOf(xmlText(text.slice(cellAt, at)), field, rows.length + 1),
        );
    } else if (name === "TABLEDATA") return rows;
  }
  throw new FinkError("io", `the VOTable ends within row ${rows.length + 1}`);
}

function cellOf(text: string, { name, type, missing }: Field, row: number): Cell {
  if (type === undefined) return null;
  if (type === "text") return text === "" || text === missing ? null : text;
  const word = text.trim();
  if (word === "" || word === missing || word === "?") return null;
  if (type === "boolean") return /^[t1]/i.test(word);
  // VOTable 1.4, section 6: hexadecimal numbers are allowed
  if (type === "long" && /^[+-]?\d+$|^0x[\da-f]+$/i.test(word))
    return BigInt.asIntN(64, BigInt(word.replace(/^\+/, "")));
  const value = Number(word.replace(/^([+-]?)Inf$/i, "$1Infinity"));
  if (type === "long" || (Number.isNaN(value) && !/^nan$/i.test(word)))
    throw new FinkError(
      "io",
      `row ${row} of the VOTable has ${name} = ${word.slice(0, 40)}, which is no ${type === "long" ? "whole " : ""}number`,
    );
  return value;
}

/**
 * Rows one after the other, numbers big-endian; a row of BINARY2 begins with a bit for each field
 * that is null.
 */
function binaryRows(bytes: Buffer, fields: readonly Field[], isBinary2: boolean): Cell[][] {
  const rows: Cell[][] = [];
  for (let at = 0; at < bytes.length;) {
    const mask = at;
    // without bytes in a row there would be no end of rows
    if (fields.every(({ length }) => length === 0) && !isBinary2)
      throw new FinkError("io", "the VOTable's rows have no bytes");
    if (isBinary2) at += Math.ceil(fields.length / 8);
    rows.push(
      fields.map((field, i) => {
        if (field.length === null && at + 4 > bytes.length) throw ended(rows.length + 1, field);
        const count = field.length ?? bytes.readUInt32BE(at);
        const start = field.length === null ? at + 4 : at;
        at =
          start +
          (field.datatype === "bit"
            ? Math.ceil(count / 8)
            : count * (numberNamed(field.datatype)?.bytes ?? otherBytes[field.datatype] ?? NaN));
        if (!(at <= bytes.length)) throw ended(rows.length + 1, field);
        const isNull = isBinary2 && (bytes[mask + (i >> 3)] & (0x80 >> (i & 7))) !== 0;
        return isNull ? null : binaryCell(bytes.subarray(start, at), field);
      }),
    );
  }
  return rows;
}

function ended(row: number, { name }: Field): FinkError {
  return new FinkError(
    "io",
    `the VOTable ends within row ${row}, or its ${name} is of no known type`,
  );
}

function binaryCell(bytes: Buffer, { type, datatype, missing }: Field): Cell {
  if (type === undefined) return null;
  if (datatype === "unicodeChar")
    return Buffer.from(bytes).swap16().toString("utf16le").replace(/\0.*$/s, "");
  if (type === "text") return bytes.toString("utf8").replace(/\0.*$/s, "");
  if (type === "boolean")
    return /[tT1]/.test(String.fromCharCode(bytes[0]))
      ? true
      : /[fF0]/.test(String.fromCharCode(bytes[0]))
        ? false
        : null;
  const value = numberNamed(datatype)!.read(bytes, 0);
  return String(value) === missing ? null : value;
}
