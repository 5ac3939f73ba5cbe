import {
  type Data,
  type DataType,
  Field,
  Float64,
  Int32,
  Int64,
  makeData,
  Map_,
  RecordBatch,
  Schema,
  Struct,
  TimestampMillisecond,
  Utf8,
} from "apache-arrow";

/** What the columns of each type hold. `timestamp`: ms since 1970, UTC. */
interface ValueOf {
  readonly string: string;
  readonly double: number;
  readonly integer: number;
  readonly long: bigint;
  readonly timestamp: number;
  readonly map: Readonly<Record<string, number>>;
}

/** A table's columns in their order. */
export type Columns = Readonly<Record<string, keyof ValueOf>>;
/** Any value may be null. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: ValueOf[C[Name]] | null };
export type Row = RowOf<Columns>;

export function schemaOf(columns: Columns): Schema {
  return new Schema(
    Object.entries(columns).map(([name, type]) => new Field(name, types[type].arrow, true)),
  );
}

export function recordBatchOf(schema: Schema, columns: Columns, rows: readonly Row[]): RecordBatch {
  const valuesOf = (name: string): Row[string][] => rows.map((row) => row[name]);
  const children = Object.entries(columns).map(([name, type]) => columnOf(type, valuesOf(name)));
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children }),
  );
}

function columnOf<T extends keyof ValueOf>(name: T, values: readonly Row[string][]): Data {
  const { arrow, buffers } = types[name];
  return dataOf({
    type: arrow,
    length: values.length,
    ...nullsOf(values),
    ...buffers(values as readonly (ValueOf[T] | null)[]),
  });
}

/** Which buffers there are depends on the type: more than the compiler can follow. */
const dataOf = makeData as (props: object) => Data;

function nullsOf(values: readonly unknown[]): { nullCount: number; nullBitmap: Uint8Array } {
  const nullBitmap = new Uint8Array((values.length + 7) >> 3);
  let nullCount = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] === null) nullCount++;
    else nullBitmap[i >> 3] |= 1 << (i & 7);
  }
  return { nullCount, nullBitmap };
}

const entry = new Struct<{ key: Utf8; value: Float64 }>([
  new Field("key", new Utf8(), false),
  new Field("value", new Float64(), true),
]);

const types: {
  readonly [T in keyof ValueOf]: {
    readonly arrow: DataType;
    buffers(values: readonly (ValueOf[T] | null)[]): object;
  };
} = {
  string: { arrow: new Utf8(), buffers: textOf },
  double: {
    arrow: new Float64(),
    buffers: (values) => ({ data: filled(new Float64Array(values.length), values) }),
  },
  integer: {
    arrow: new Int32(),
    buffers: (values) => ({ data: filled(new Int32Array(values.length), values) }),
  },
  long: {
    arrow: new Int64(),
    buffers: (values) => ({ data: BigInt64Array.from(values, (v) => v ?? 0n) }),
  },
  timestamp: {
    arrow: new TimestampMillisecond("UTC"),
    buffers: (values) => ({ data: BigInt64Array.from(values, (v) => BigInt(Math.round(v ?? 0))) }),
  },
  map: { arrow: new Map_(new Field("entries", entry, false)), buffers: entriesOf },
};

/** `from` takes ten times as long. */
function filled<T extends Float64Array | Int32Array>(
  data: T,
  values: readonly (number | null)[],
): T {
  for (let i = 0; i < values.length; i++) data[i] = values[i] ?? 0;
  return data;
}

function textOf(values: readonly (string | null)[]): {
  valueOffsets: Int32Array;
  data: Uint8Array;
} {
  const valueOffsets = new Int32Array(values.length + 1);
  for (let i = 0; i < values.length; i++)
    valueOffsets[i + 1] = valueOffsets[i] + Buffer.byteLength(values[i] ?? "");
  return { valueOffsets, data: Buffer.from(values.join("")) };
}

function entriesOf(values: readonly (ValueOf["map"] | null)[]): {
  valueOffsets: Int32Array;
  child: Data;
} {
  const valueOffsets = new Int32Array(values.length + 1);
  const [keys, numbers]: [string[], number[]] = [[], []];
  for (let i = 0; i < values.length; i++) {
    for (const key in values[i]) {
      keys.push(key);
      numbers.push(values[i]![key]);
    }
    valueOffsets[i + 1] = keys.length;
  }
  const children = [columnOf("string", keys), columnOf("double", numbers)];
  return {
    valueOffsets,
    child: dataOf({ type: entry, length: keys.length, nullCount: 0, children }),
  };
}
