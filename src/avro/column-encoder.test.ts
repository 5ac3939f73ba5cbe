import { type Data, DataType, type Struct } from "apache-arrow";
import fc from "fast-check";
import { expect, it } from "vitest";
import { avroSchemaOf } from "../lake/avro-schema.ts";
import { fromParquet, toParquet } from "../lake/parquet.ts";
import { structType } from "../lake/schema.ts";
import { encode as encodeDatum } from "../../test/avro/encode.ts";
import { randomAlerts } from "../../test/avro/random.ts";
import { compileColumnEncoder } from "./column-encoder.ts";
import { columnsOf } from "./columns.ts";
import { compileDecoder } from "./decoder.ts";

/** Rows as plain values: what a column's values are, whatever type they were stored in. */
function rowsOf(data: Data): unknown[] {
  const rows = Array.from({ length: data.length }, (_, i) => i);
  const isThere = (i: number) =>
    data.nullCount === 0 || ((data.nullBitmap[i >> 3] >> (i & 7)) & 1) === 1;
  const inner = data.children.map(rowsOf);
  const valueOf = (i: number): unknown => {
    const { type, values, valueOffsets } = data;
    if (DataType.isStruct(type))
      return Object.fromEntries(type.children.map((f, c) => [f.name, inner[c][i]]));
    if (DataType.isList(type) || DataType.isMap(type))
      return inner[0].slice(valueOffsets[i], valueOffsets[i + 1]);
    if (DataType.isUtf8(type) || DataType.isBinary(type))
      return Buffer.from(values.subarray(valueOffsets[i], valueOffsets[i + 1])).toString("hex");
    if (DataType.isBool(type)) return (values[i >> 3] >> (i & 7)) & 1;
    if (DataType.isDecimal(type)) return values.subarray(4 * i, 4 * i + 4).join(" ");
    return values[i];
  };
  return rows.map((i) => (isThere(i) ? valueOf(i) : null));
}

function decoded(schema: string, data: readonly Uint8Array[]): unknown[] {
  const decoder = compileDecoder(schema);
  for (const bytes of data)
    expect(decoder.decode(Buffer.from(bytes), 0, bytes.length)).toBe(bytes.length);
  return rowsOf(columnsOf(decoder));
}

it("what a decoder made of random alerts, written and read again, is the same", () => {
  fc.assert(
    fc.property(randomAlerts, ({ text, type, alerts }) => {
      const decoder = compileDecoder(text);
      for (const alert of alerts) {
        const bytes = encodeDatum(type, alert);
        decoder.decode(bytes, 0, bytes.length);
      }
      const columns = columnsOf(decoder);
      fc.pre(columns.children.length > 0);
      const schema = avroSchemaOf(structType(columns.type.children), "test.alert");
      const encoder = compileColumnEncoder(schema, [columns.type]);
      encoder.bind([columns]);
      const before = rowsOf(columns);
      const data = alerts.map((_, row) => encoder.encode([row]));
      expect(decoded(schema, data)).toEqual(before);
    }),
    { numRuns: 300 },
  );
});

const small = (fields: string) => `{"type":"record","name":"t","fields":[${fields}]}`;

function columnsFrom(schema: string, objects: readonly Buffer[]): Data<Struct> {
  const decoder = compileDecoder(schema);
  for (const bytes of objects) decoder.decode(bytes, 0, bytes.length);
  return fromParquet(toParquet(columnsOf(decoder))).batches[0].data;
}

it("takes each field from the first structure that has it, null where none has, and puts the head before it", () => {
  const left = columnsFrom(small('{"name":"a","type":"long"},{"name":"b","type":"string"}'), [
    Buffer.from([3, 2, 0x78]),
    Buffer.from([0x80, 0x80, 0x80, 0x80, 0x10, 0]),
  ]);
  const right = columnsFrom(small('{"name":"b","type":"int"},{"name":"c","type":"double"}'), [
    Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0x40]),
  ]);
  const columns = structType([...left.type.children, right.type.children[1]]);
  const schema = avroSchemaOf(
    {
      type: "struct",
      fields: [...columns.fields, { name: "d", type: "float", nullable: true, metadata: {} }],
    },
    "t",
  );
  const encoder = compileColumnEncoder(schema, [left.type, right.type]);
  encoder.bind([left, right]);
  const first = encoder.encode([1, 0], Uint8Array.of(0, 0, 0, 0, 7));
  const second = encoder.encode([0, -1]);
  expect([...first.subarray(0, 5)]).toEqual([0, 0, 0, 0, 7]);
  expect(decoded(schema, [first.subarray(5), second])).toEqual([
    { a: 2n ** 31n, b: "", c: 2, d: null },
    { a: -2n, b: "78", c: null, d: null },
  ]);
});

it("earlier messages stay as they are while larger ones are written", () => {
  const schema = small('{"name":"x","type":"bytes"}');
  const length = (n: number) => encodeDatum({ kind: "long" }, BigInt(n));
  const sizes = [10, 100_000, 3_000_000, 0, 700_000, 500_000];
  const columns = columnsFrom(
    schema,
    sizes.map((size, i) => Buffer.concat([length(size), Buffer.alloc(size, i + 1)])),
  );
  const encoder = compileColumnEncoder(avroSchemaOf(structType(columns.type.children), "t"), [
    columns.type,
  ]);
  encoder.bind([columns]);
  const messages = sizes.map((_, row) => encoder.encode([row]));
  messages.forEach((message, i) => {
    expect(message.length).toBe(1 + length(sizes[i]).length + sizes[i]);
    expect(message.subarray(message.length - sizes[i]).every((byte) => byte === i + 1)).toBe(true);
  });
});
