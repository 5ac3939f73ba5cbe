import { type Data, DataType, makeData, type Struct } from "apache-arrow";
import type { Decoder, Storage } from "./decoder.ts";
import type { Layout } from "./layout.ts";

/**
 * What was decoded, as an Arrow struct of all columns; a view of the decoder's arrays, valid until
 * its next decode.
 */
export function columnsOf(decoder: Decoder): Data<Struct> {
  const view: View = { arrays: decoder.arrays(), counts: decoder.counts() };
  return dataOf(decoder.plan.root, view, decoder.rows()) as Data<Struct>;
}

interface View {
  readonly arrays: readonly Storage[];
  readonly counts: readonly number[];
}

function dataOf(layout: Layout, view: View, rows: number): Data {
  const common = { length: rows, ...validity(layout.valid, view, rows) };
  switch (layout.kind) {
    case "struct":
      return make(layout.type, {
        ...common,
        children: layout.children.map((c) => dataOf(c, view, rows)),
      });
    case "list":
      return make(layout.type, {
        ...common,
        valueOffsets: words(view, layout.offsets).subarray(0, rows + 1),
        child: dataOf(layout.items, view, view.counts[layout.level]),
      });
    case "bytes": {
      const valueOffsets = words(view, layout.offsets).subarray(0, rows + 1);
      return make(layout.type, {
        ...common,
        valueOffsets,
        data: view.arrays[layout.data].subarray(0, valueOffsets[rows]),
      });
    }
    case "number":
      return make(layout.type, {
        ...common,
        data: numbers(layout.type, view.arrays[layout.array], rows),
      });
  }
}

function words(view: View, array: number): Int32Array {
  return view.arrays[array] as Int32Array;
}

/** The stored words under the type the column has. */
function numbers(type: DataType, stored: Storage, rows: number): ArrayBufferView {
  if (stored instanceof Uint8Array) return packBits(stored, rows);
  const ofType = type.ArrayType as new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => ArrayBufferView;
  return new ofType(stored.buffer, stored.byteOffset, DataType.isDecimal(type) ? 4 * rows : rows);
}

function validity(
  valid: number,
  view: View,
  rows: number,
): { nullCount: number; nullBitmap?: Uint8Array } {
  if (valid < 0) return { nullCount: 0 };
  const bytes = view.arrays[valid];
  let present = 0;
  for (let i = 0; i < rows; i++) present += bytes[i];
  return present === rows
    ? { nullCount: 0 }
    : { nullCount: rows - present, nullBitmap: packBits(bytes as Uint8Array, rows) };
}

/** One byte a row → one bit a row, least significant first (Arrow columnar format). */
function packBits(bytes: Uint8Array, rows: number): Uint8Array {
  const bits = new Uint8Array((rows + 7) >> 3);
  for (let i = 0; i < rows; i++) bits[i >> 3] |= bytes[i] << (i & 7);
  return bits;
}

/** Arrow's makeData is typed per type; here the type is only known at run time. */
function make(type: DataType, props: object): Data {
  return (makeData as (props: object) => Data)({ type, ...props });
}
