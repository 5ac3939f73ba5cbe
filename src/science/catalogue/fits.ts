import { FinkError } from "../../errors.ts";
import { fitsDataSize } from "../../sky/fits.ts";
import {
  type Cell,
  type CellType,
  type ForeignColumn,
  type ForeignTable,
  numberNamed,
  type numbers,
} from "./table-columns.ts";

// FITS 4.0: https://fits.gsfc.nasa.gov/standard40/fits_standard40aa-le.pdf; a binary table is
// section 7.3.

const blockBytes = 2880;
const cardBytes = 80;

/** The first binary table of a FITS file. */
export function readFits(bytes: Buffer): ForeignTable {
  const { cards, start, rows, rowBytes, columns } = binaryTable(bytes);
  return {
    rows,
    columns: columns.flatMap(({ name, letter, repeat, offset }, i): ForeignColumn[] => {
      const cell = cellReader(bytes, letter, repeat, cards, i + 1);
      const unit = cards.get(`TUNIT${i + 1}`)?.trim() || null;
      return cell
        ? [{ name, type: cell.type, unit, cell: (row) => cell.at(start + offset + row * rowBytes) }]
        : [];
    }),
  };
}

/** Where the cells of a binary table are. */
export interface BinaryTable {
  readonly cards: Cards;
  readonly start: number;
  readonly rows: number;
  readonly rowBytes: number;
  /** `offset`: within a row. */
  readonly columns: readonly {
    readonly name: string;
    readonly letter: string;
    readonly repeat: number;
    readonly offset: number;
  }[];
}

export function binaryTable(bytes: Buffer): BinaryTable {
  for (let start = 0; start + blockBytes <= bytes.length;) {
    const { cards, end } = readHeader(bytes, start);
    if (cards.get("XTENSION") === "BINTABLE" && !cards.has("ZIMAGE"))
      return tableAt(bytes, end, cards);
    start = end + padded(fitsDataSize((name, otherwise) => numberOf(cards, name, otherwise)).bytes);
  }
  throw new FinkError("io", "there is no binary table in the FITS file");
}

/**
 * All numbers of a column, also where a cell has several, with TSCAL and TZERO; 64-bit integers
 * beyond 2^53 are rounded. NaN: null.
 */
export function columnNumbers(bytes: Buffer, table: BinaryTable, column: number): Float64Array {
  const { count, value } = columnValues(bytes, table, column);
  return Float64Array.from({ length: count }, (_, i) => Number(value(i) ?? NaN));
}

/** The same of a column of whole numbers, exactly. Nulls are left out. */
export function columnIntegers(bytes: Buffer, table: BinaryTable, column: number): bigint[] {
  const { count, value, type } = columnValues(bytes, table, column);
  const { name } = table.columns[column];
  if (!["int", "long", "ulong"].includes(type))
    throw new FinkError("io", `column ${name} of the FITS file has no whole numbers`);
  return Array.from({ length: count }, (_, i) => value(i)).flatMap((one) =>
    one === null ? [] : [BigInt(one)],
  );
}

function columnValues(
  bytes: Buffer,
  { cards, start, rows, rowBytes, columns }: BinaryTable,
  column: number,
) {
  const { name, letter, repeat, offset } = columns[column];
  const number = numberNamed(letters[letter]);
  if (!number) throw new FinkError("io", `column ${name} of the FITS file has no numbers`);
  const { type, at } = numberReader(bytes, letter, cards, column + 1);
  const value = (i: number) =>
    at(start + Math.floor(i / repeat) * rowBytes + offset + (i % repeat) * number.bytes) as
      | number
      | bigint
      | null;
  return { count: rows * repeat, type, value };
}

export type Cards = ReadonlyMap<string, string>;

/** The values of a header as they are written, text without its quotes. */
function readHeader(bytes: Buffer, start: number): { cards: Cards; end: number } {
  const cards = new Map<string, string>();
  for (let at = start; at + cardBytes <= bytes.length; at += cardBytes) {
    const card = bytes.toString("latin1", at, at + cardBytes);
    const name = card.slice(0, 8).trimEnd();
    if (name === "END") return { cards, end: start + padded(at + cardBytes - start) };
    if (card.slice(8, 10) === "= ") cards.set(name, valueOf(card.slice(10)));
  }
  throw new FinkError("io", "a header of the FITS file has no END");
}

function valueOf(text: string): string {
  const quoted = /^\s*'((?:[^']|'')*)'/.exec(text);
  return quoted ? quoted[1].replaceAll("''", "'").trimEnd() : text.split("/", 1)[0].trim();
}

function numberOf(cards: Cards, name: string, otherwise = 0): number {
  const value = cards.get(name);
  return value === undefined ? otherwise : Number(value.replace("D", "E"));
}

function padded(length: number): number {
  return Math.ceil(length / blockBytes) * blockBytes;
}

/** By the letter of TFORM: numbers, and the bytes of other elements. */
const letters: Readonly<Record<string, keyof typeof numbers>> = {
  B: "unsignedByte",
  I: "short",
  J: "int",
  K: "long",
  E: "float",
  D: "double",
};
const otherBytes: Readonly<Record<string, number>> = { L: 1, A: 1, C: 8, M: 16, P: 8, Q: 16 };

/** FITS 4.0, section 7.3.1. */
const mostFields = 999;

function tableAt(bytes: Buffer, start: number, cards: Cards): BinaryTable {
  const {
    axes: [rowBytes = 0, rows = 0],
  } = fitsDataSize((name, otherwise) => numberOf(cards, name, otherwise));
  if (start + rowBytes * rows > bytes.length)
    throw new FinkError("io", `the FITS file ends within its table of ${rows} rows`);
  const fields = numberOf(cards, "TFIELDS");
  if (!(Number.isInteger(fields) && fields >= 0 && fields <= mostFields))
    throw new FinkError("io", `TFIELDS of the FITS file is ${fields}, not 0 … ${mostFields}`);
  let offset = 0;
  const columns = Array.from({ length: fields }, (_, i) => {
    const [, repeatText, letter] =
      /^(\d*)([LXBIJKAEDCMPQ])/.exec(cards.get(`TFORM${i + 1}`) ?? "") ?? [];
    if (letter === undefined)
      throw new FinkError(
        "io",
        `TFORM${i + 1} of the FITS file is ${cards.get(`TFORM${i + 1}`) ?? "missing"}`,
      );
    const repeat = repeatText === "" ? 1 : Number(repeatText);
    const own = offset;
    offset +=
      letter === "X"
        ? Math.ceil(repeat / 8)
        : repeat * (numberNamed(letters[letter])?.bytes ?? otherBytes[letter]);
    return { name: cards.get(`TTYPE${i + 1}`) ?? `column${i + 1}`, letter, repeat, offset: own };
  });
  // so that no column reaches beyond its row, and no number of rows is more than the file's bytes
  if (offset > rowBytes)
    throw new FinkError(
      "io",
      `the columns of the FITS file take ${offset} bytes a row, but NAXIS1 is ${rowBytes}`,
    );
  return { cards, start, rows: rowBytes === 0 ? 0 : rows, rowBytes, columns };
}

interface CellReader {
  readonly type: CellType;
  at(offset: number): Cell;
}

/** null: cells of several values, or of complex numbers, bits and pointers. */
function cellReader(
  bytes: Buffer,
  letter: string,
  repeat: number,
  cards: Cards,
  column: number,
): CellReader | null {
  if (letter === "A")
    return {
      type: "text",
      at: (offset) =>
        bytes
          .toString("latin1", offset, offset + repeat)
          .replace(/\0.*$/s, "")
          .trimEnd(),
    };
  if (repeat !== 1) return null;
  if (letter === "L")
    return {
      type: "boolean",
      at: (offset) => (bytes[offset] === 0 ? null : bytes[offset] === 0x54),
    };
  return numberNamed(letters[letter]) ? numberReader(bytes, letter, cards, column) : null;
}

/** TNULL is a value as it is stored; TSCAL and TZERO apply to the others. */
function numberReader(bytes: Buffer, letter: string, cards: Cards, column: number): CellReader {
  const number = numberNamed(letters[letter])!;
  const isInteger = "BIJK".includes(letter);
  const nullText = isInteger ? cards.get(`TNULL${column}`) : undefined;
  const missing = nullText === undefined ? NaN : Number(nullText);
  const { type, of } = scaling(letter, cards, column);
  // two doubles that are equal may be different 64-bit integers
  const isMissing = (value: number | bigint) =>
    Number(value) === missing &&
    (typeof value === "number" || value === BigInt(wholeText(nullText!)!));
  return {
    type,
    at(offset) {
      const value = number.read(bytes, offset);
      return isMissing(value) ? null : of ? of(value) : value;
    },
  };
}

/**
 * Integers whose zero is an integer stay integers: that is how FITS has unsigned ones (TZERO 2^15,
 * 2^31, 2^63) and signed bytes (-128). All others become doubles.
 */
function scaling(
  letter: string,
  cards: Cards,
  column: number,
): { type: CellType; of?: (value: number | bigint) => number | bigint } {
  const { type } = numberNamed(letters[letter])!;
  const [scale, zero] = [numberOf(cards, `TSCAL${column}`, 1), numberOf(cards, `TZERO${column}`)];
  if (scale === 1 && zero === 0) return { type };
  const whole = wholeText(cards.get(`TZERO${column}`) ?? "0");
  if (scale !== 1 || whole === undefined || !"BIJK".includes(letter))
    return { type: "double", of: (value) => Number(value) * scale + zero };
  if (letter !== "K" && letter !== "J")
    return {
      type: Math.abs(zero) < 2 ** 31 - 2 ** 16 ? "int" : "double",
      of: (value) => Number(value) + zero,
    };
  const added = BigInt(whole);
  if (letter === "J") return { type: "long", of: (value) => BigInt(value) + added };
  return {
    type: added === 2n ** 63n ? "ulong" : "long",
    of: (value) => exactSum(BigInt(value), added, column),
  };
}

function exactSum(value: bigint, added: bigint, column: number): bigint {
  const sum = value + added;
  if (added === 2n ** 63n || BigInt.asIntN(64, sum) === sum) return sum;
  throw new FinkError(
    "io",
    `column ${column} of the FITS file: ${value} + TZERO ${added} has more than 64 bits`,
  );
}

/**
 * The digits of a whole number below 2^64 that a card writes with or without a fraction or an
 * exponent; undefined for all others.
 */
function wholeText(text: string): string | undefined {
  const [, sign, before, after = "", exponent = "0"] =
    /^([+-]?)(\d+)(?:\.(\d*))?(?:[ED]([+-]?\d+))?$/i.exec(text.trim()) ?? [];
  const shift = Number(exponent);
  if (before === undefined || shift < 0 || shift > 19 || /[1-9]/.test(after.slice(shift)))
    return undefined;
  return `${sign === "-" ? "-" : ""}${before}${after.slice(0, shift).padEnd(shift, "0")}`;
}
