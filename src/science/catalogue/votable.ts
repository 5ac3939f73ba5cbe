import { FinkError } from "../../errors.ts";
import { type Cell, type CellType, type ForeignColumn, type ForeignTable, numberNamed } from "./table-columns.ts";

// VOTable 1.4: https://www.ivoa.net/documents/VOTable/20191021/; the serializations are section 5.

/** The first table of a VOTable whose rows are TABLEDATA, BINARY or BINARY2. */
export function readVoTable(text: string): ForeignTable {
  const table = /<(?:\w+:)?TABLE\b[^>]*>(.*?)<\/(?:\w+:)?TABLE>/s.exec(text)?.[1];
  if (table === undefined) throw new FinkError("io", "there is no TABLE in the VOTable");
  const dataAt = table.search(/<(?:\w+:)?DATA\b/);
  const fields = fieldsOf(dataAt < 0 ? table : table.slice(0, dataAt));
  const rows = dataAt < 0 ? [] : rowsOf(table.slice(dataAt), fields);
  const columns = fields.flatMap((field, i): ForeignColumn[] =>
    field.type ? [{ name: field.name, type: field.type, cell: (row) => rows[row][i] ?? null }] : [],
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
  /** How a null is written. */
  readonly missing: string | undefined;
}

/** Bytes of what is no number. */
const otherBytes: Readonly<Record<string, number>> = { boolean: 1, char: 1, unicodeChar: 2, floatComplex: 8, doubleComplex: 16 };

function fieldsOf(text: string): Field[] {
  return [...text.matchAll(/<(?:\w+:)?FIELD\b((?:"[^"]*"|'[^']*'|[^>"'])*?)(?:\/>|>(.*?)<\/(?:\w+:)?FIELD>)/gs)].map(([, attributes, body = ""]) => {
    const [datatype, size] = [attribute(attributes, "datatype") ?? "char", attribute(attributes, "arraysize") ?? "1"];
    const isText = datatype === "char" || datatype === "unicodeChar";
    const length = size.includes("*") ? null : size.split("x").reduce((product, axis) => product * Number(axis), 1);
    const name = attribute(attributes, "name") ?? attribute(attributes, "ID") ?? "";
    return {
      name,
      datatype,
      length,
      type: isText ? "text" : length !== 1 ? undefined : datatype === "boolean" ? "boolean" : numberNamed(datatype)?.type,
      missing: attribute(/<(?:\w+:)?VALUES\b[^>]*/.exec(body)?.[0] ?? "", "null"),
    };
  });
}

function attribute(text: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(text);
  return match ? plain(match[1] ?? match[2]) : undefined;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Text without XML's escapes. */
function plain(text: string): string {
  if (!text.includes("&")) return text.startsWith("<![CDATA[") ? text.slice(9, -3) : text;
  return text.replace(/&(?:#(x?)([\da-f]+)|(\w+));/gi, (all, hex: string, code?: string, name?: string) =>
    code === undefined ? (entities[name ?? ""] ?? all) : String.fromCodePoint(parseInt(code, hex ? 16 : 10)),
  );
}

function rowsOf(data: string, fields: readonly Field[]): Cell[][] {
  const stream = /<(?:\w+:)?(BINARY2?)\b[^>]*>\s*<(?:\w+:)?STREAM\b([^>]*)>(.*?)<\/(?:\w+:)?STREAM>/s.exec(data);
  if (stream && attribute(stream[2], "encoding") === "base64") return binaryRows(Buffer.from(stream[3], "base64"), fields, stream[1] === "BINARY2");
  if (!/<(?:\w+:)?TABLEDATA\b/.test(data))
    throw new FinkError("io", "the VOTable's rows are neither TABLEDATA nor BINARY or BINARY2 in base64: save it as one of them");
  return [...data.matchAll(/<(?:\w+:)?TR\b[^>]*>(.*?)<\/(?:\w+:)?TR>/gs)].map(([, row]) =>
    [...row.matchAll(/<(?:\w+:)?TD\b[^>]*?(?:\/>|>(.*?)<\/(?:\w+:)?TD>)/gs)].map(([, cell], i) => cellOf(plain(cell ?? ""), fields[i])),
  );
}

function cellOf(text: string, { type, missing }: Field): Cell {
  if (type === "text") return text === "" || text === missing ? null : text;
  const word = text.trim();
  if (word === "" || word === missing || word === "?") return null;
  if (type === "boolean") return /^[t1]/i.test(word);
  if (type === "long") return BigInt(word);
  return Number(word.replace(/^([+-]?)Inf$/i, "$1Infinity"));
}

/** Rows one after the other, numbers big-endian; a row of BINARY2 begins with a bit for each field that is null. */
function binaryRows(bytes: Buffer, fields: readonly Field[], isBinary2: boolean): Cell[][] {
  const rows: Cell[][] = [];
  for (let at = 0; at < bytes.length;) {
    const mask = at;
    if (isBinary2) at += Math.ceil(fields.length / 8);
    rows.push(
      fields.map((field, i) => {
        const count = field.length ?? bytes.readUInt32BE(at);
        const start = field.length === null ? at + 4 : at;
        at = start + (field.datatype === "bit" ? Math.ceil(count / 8) : count * (numberNamed(field.datatype)?.bytes ?? otherBytes[field.datatype] ?? NaN));
        if (!(at <= bytes.length)) throw new FinkError("io", `the VOTable ends within row ${rows.length + 1}, or its ${field.name} is of no known type`);
        const isNull = isBinary2 && (bytes[mask + (i >> 3)] & (0x80 >> (i & 7))) !== 0;
        return isNull ? null : binaryCell(bytes.subarray(start, at), field);
      }),
    );
  }
  return rows;
}

function binaryCell(bytes: Buffer, { type, datatype, missing }: Field): Cell {
  if (type === undefined) return null;
  if (datatype === "unicodeChar") return Buffer.from(bytes).swap16().toString("utf16le").replace(/\0.*$/s, "");
  if (type === "text") return bytes.toString("utf8").replace(/\0.*$/s, "");
  if (type === "boolean") return /[tT1]/.test(String.fromCharCode(bytes[0])) ? true : /[fF0]/.test(String.fromCharCode(bytes[0])) ? false : null;
  const value = numberNamed(datatype)!.read(bytes, 0);
  return String(value) === missing ? null : value;
}
