import { type Data, DataType, makeData } from "apache-arrow";
import { bits } from "./results.ts";

/** Some rows of columns. */
export function take(data: Data, rows: readonly number[]): Data {
  if (rows.length === data.length && rows.every((row, i) => row === i)) return data;
  const isThere = (row: number): boolean =>
    data.nullCount === 0 || ((data.nullBitmap[row >> 3] >> (row & 7)) & 1) === 1;
  const nullCount = rows.reduce((sum, row) => sum + (isThere(row) ? 0 : 1), 0);
  const common = {
    type: data.type,
    length: rows.length,
    nullCount,
    ...(nullCount > 0 && { nullBitmap: bits(rows.length, (i) => isThere(rows[i])) }),
  };
  return (makeData as (props: object) => Data)({ ...common, ...valuesOf(data, rows) });
}

function valuesOf(data: Data, rows: readonly number[]): object {
  if (DataType.isStruct(data.type))
    return { children: data.children.map((child) => take(child, rows)) };
  if (DataType.isBool(data.type))
    return {
      data: bits(rows.length, (i) => ((data.values[rows[i] >> 3] >> (rows[i] & 7)) & 1) === 1),
    };
  if (DataType.isUtf8(data.type) || DataType.isBinary(data.type)) return bytesOf(data, rows);
  if (DataType.isList(data.type) || DataType.isMap(data.type)) return entriesOf(data, rows);
  if (DataType.isDecimal(data.type))
    return {
      data: Uint32Array.from(
        { length: 4 * rows.length },
        (_, i) => data.values[4 * rows[i >> 2] + (i & 3)],
      ),
    };
  const values = data.values as Float64Array;
  return { data: (values.constructor as Float64ArrayConstructor).from(rows, (row) => values[row]) };
}

function entriesOf({ valueOffsets, children }: Data, rows: readonly number[]): object {
  const offsets = new Int32Array(rows.length + 1);
  const entries: number[] = [];
  rows.forEach((row, i) => {
    for (let entry = valueOffsets[row]; entry < valueOffsets[row + 1]; entry++) entries.push(entry);
    offsets[i + 1] = entries.length;
  });
  return { valueOffsets: offsets, child: take(children[0], entries) };
}

function bytesOf({ values, valueOffsets }: Data, rows: readonly number[]): object {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach(
    (row, i) => (offsets[i + 1] = offsets[i] + valueOffsets[row + 1] - valueOffsets[row]),
  );
  const bytes = new Uint8Array(offsets[rows.length]);
  rows.forEach((row, i) =>
    bytes.set(values.subarray(valueOffsets[row], valueOffsets[row + 1]), offsets[i]),
  );
  return { valueOffsets: offsets, data: bytes };
}
