import { FinkError } from "../../errors.ts";
import { type Cell, type CellType, type ForeignColumn, type ForeignTable, numberNamed, type numbers } from "./table-columns.ts";

// FITS 4.0: https://fits.gsfc.nasa.gov/standard40/fits_standard40aa-le.pdf; a binary table is section 7.3.

const blockBytes = 2880;
const cardBytes = 80;

/** The first binary table of a FITS file. */
export function readFits(bytes: Buffer): ForeignTable {
  const { cards, start, rows, rowBytes, columns } = binaryTable(bytes);
  return {
    rows,
    columns: columns.flatMap(({ name, letter, repeat, offset }, i): ForeignColumn[] => {
      const cell = cellReader(bytes, letter, repeat, cards, i + 1);
      return cell ? [{ name, type: cell.type, cell: (row) => cell.at(start + offset + row * rowBytes) }] : [];
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
  readonly columns: readonly { readonly name: string; readonly letter: string; readonly repeat: number; readonly offset: number }[];
}

export function binaryTable(bytes: Buffer): BinaryTable {
  for (let start = 0; start + blockBytes <= bytes.length;) {
    const { cards, end } = readHeader(bytes, start);
    if (cards.get("XTENSION") === "BINTABLE" && !cards.has("ZIMAGE")) return tableAt(bytes, end, cards);
    start = end + padded(dataBytes(cards));
  }
  throw new FinkError("io", "there is no binary table in the FITS file");
}

/** All numbers of a column, also where a cell has several; 64-bit integers beyond 2^53 are rounded. */
export function columnNumbers(bytes: Buffer, { start, rows, rowBytes, columns }: BinaryTable, column: number): Float64Array {
  const { name, letter, repeat, offset } = columns[column];
  const number = numberNamed(letters[letter]);
  if (!number) throw new FinkError("io", `column ${name} of the FITS file has no numbers`);
  const at = (i: number) => start + Math.floor(i / repeat) * rowBytes + offset + (i % repeat) * number.bytes;
  return Float64Array.from({ length: rows * repeat }, (_, i) => Number(number.read(bytes, at(i))));
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

function dataBytes(cards: Cards): number {
  const axes = Array.from({ length: numberOf(cards, "NAXIS") }, (_, i) => numberOf(cards, `NAXIS${i + 1}`));
  if (axes.length === 0) return 0;
  const pixels = axes.reduce((product, axis) => product * axis, 1);
  return (Math.abs(numberOf(cards, "BITPIX")) / 8) * numberOf(cards, "GCOUNT", 1) * (numberOf(cards, "PCOUNT") + pixels);
}

function padded(length: number): number {
  return Math.ceil(length / blockBytes) * blockBytes;
}

/** By the letter of TFORM: numbers, and the bytes of other elements. */
const letters: Readonly<Record<string, keyof typeof numbers>> = { B: "unsignedByte", I: "short", J: "int", K: "long", E: "float", D: "double" };
const otherBytes: Readonly<Record<string, number>> = { L: 1, A: 1, C: 8, M: 16, P: 8, Q: 16 };

function tableAt(bytes: Buffer, start: number, cards: Cards): BinaryTable {
  const [rowBytes, rows] = [numberOf(cards, "NAXIS1"), numberOf(cards, "NAXIS2")];
  if (start + rowBytes * rows > bytes.length) throw new FinkError("io", `the FITS file ends within its table of ${rows} rows`);
  let offset = 0;
  const columns = Array.from({ length: numberOf(cards, "TFIELDS") }, (_, i) => {
    const [, repeatText, letter] = /^(\d*)([LXBIJKAEDCMPQ])/.exec(cards.get(`TFORM${i + 1}`) ?? "") ?? [];
    if (letter === undefined) throw new FinkError("io", `TFORM${i + 1} of the FITS file is ${cards.get(`TFORM${i + 1}`) ?? "missing"}`);
    const repeat = repeatText === "" ? 1 : Number(repeatText);
    const own = offset;
    offset += letter === "X" ? Math.ceil(repeat / 8) : repeat * (numberNamed(letters[letter])?.bytes ?? otherBytes[letter]);
    return { name: cards.get(`TTYPE${i + 1}`) ?? `column${i + 1}`, letter, repeat, offset: own };
  });
  return { cards, start, rows, rowBytes, columns };
}

interface CellReader {
  readonly type: CellType;
  at(offset: number): Cell;
}

/** null: cells of several values, or of complex numbers, bits and pointers. */
function cellReader(bytes: Buffer, letter: string, repeat: number, cards: Cards, column: number): CellReader | null {
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
  if (letter === "L") return { type: "boolean", at: (offset) => (bytes[offset] === 0 ? null : bytes[offset] === 0x54) };
  const number = numberNamed(letters[letter]);
  if (!number) return null;
  const missing = "BIJK".includes(letter) ? cards.get(`TNULL${column}`) : undefined;
  const read = (offset: number): number | bigint => number.read(bytes, offset);
  const orNull = (value: number | bigint): Cell => (String(value) === missing ? null : value);
  return scaled({ type: number.type, at: missing === undefined ? read : (offset) => orNull(read(offset)) }, cards, column);
}

/** TSCAL and TZERO make a double of whatever it was. */
function scaled(reader: CellReader, cards: Cards, column: number): CellReader {
  const [scale, zero] = [numberOf(cards, `TSCAL${column}`, 1), numberOf(cards, `TZERO${column}`)];
  if (scale === 1 && zero === 0) return reader;
  const of = (value: Cell): Cell => (value === null ? null : Number(value) * scale + zero);
  return { type: "double", at: (offset) => of(reader.at(offset)) };
}
