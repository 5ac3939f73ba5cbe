import {
  type DataType,
  Float32,
  Float64,
  Int32,
  Int64,
  Bool,
  Schema,
  Table,
  Uint64,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { toParquet } from "../../lake/parquet.ts";

export type Cell = number | bigint | string | boolean | null;
export type CellType = "boolean" | "int" | "long" | "ulong" | "float" | "double" | "text";

/** A table of a format that DuckDB does not read. */
export interface ForeignTable {
  readonly rows: number;
  /** Only the columns whose cells are single values; the others cannot be kept. */
  readonly columns: readonly ForeignColumn[];
}

/** Numbers as both formats have them, big-endian, under VOTable's names. */
export const numbers = {
  unsignedByte: { type: "int", bytes: 1, read: (from: Buffer, at: number) => from[at] },
  short: { type: "int", bytes: 2, read: (from: Buffer, at: number) => from.readInt16BE(at) },
  int: { type: "int", bytes: 4, read: (from: Buffer, at: number) => from.readInt32BE(at) },
  long: { type: "long", bytes: 8, read: (from: Buffer, at: number) => from.readBigInt64BE(at) },
  float: { type: "float", bytes: 4, read: (from: Buffer, at: number) => from.readFloatBE(at) },
  double: { type: "double", bytes: 8, read: (from: Buffer, at: number) => from.readDoubleBE(at) },
} as const satisfies Record<
  string,
  { type: CellType; bytes: number; read(from: Buffer, at: number): number | bigint }
>;

export function numberNamed(
  name: string | undefined,
): (typeof numbers)[keyof typeof numbers] | undefined {
  return Object.hasOwn(numbers, name ?? "") ? numbers[name as keyof typeof numbers] : undefined;
}

export interface ForeignColumn {
  readonly name: string;
  readonly type: CellType;
  /** As the file writes it; null: none. */
  readonly unit: string | null;
  cell(row: number): Cell;
}

/** Some columns of a table as a Parquet file, which DuckDB reads. */
export function parquetOf(table: ForeignTable, names: ReadonlySet<string>): Uint8Array {
  const columns = table.columns.filter(({ name }) => names.has(name));
  const vectors = columns.map(({ name, type, cell }) => {
    return [
      name,
      vectorFromArray(
        Array.from({ length: table.rows }, (_, row) => cell(row)),
        arrowTypes[type],
      ),
    ] as const;
  });
  const whole = new Table(Object.fromEntries(vectors));
  return toParquet(
    (whole.batches[0] ?? new Table(new Schema(whole.schema.fields)).batches[0]).data,
  );
}

const arrowTypes: Readonly<Record<CellType, DataType>> = {
  boolean: new Bool(),
  int: new Int32(),
  long: new Int64(),
  ulong: new Uint64(),
  float: new Float32(),
  double: new Float64(),
  text: new Utf8(),
};
