import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import avsc from "avsc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { available } from "../../test/require.ts";
import { containerBlocks, readContainerHeader } from "./container.ts";
import { compileEncoder } from "./encoder.ts";
import { writeWire } from "./wire.ts";

type Json = string | number | null | boolean | Json[] | { [key: string]: Json };

/** Reads longs as bigints; unions as `{ branch: value }` or, unwrapped, as the value. */
function avscReader(
  schema: Json,
  wrapUnions: "always" | "never" = "always",
): (bytes: Uint8Array) => unknown {
  const long = avsc.types.LongType.__with({
    fromBuffer: (b: Buffer) => b.readBigInt64LE(),
    toBuffer: (n: bigint) => {
      const b = Buffer.alloc(8);
      b.writeBigInt64LE(n);
      return b;
    },
    fromJSON: BigInt,
    toJSON: String,
    isValid: (n: unknown) => typeof n === "bigint",
    compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
  });
  const type = avsc.Type.forSchema(schema as avsc.Schema, { registry: { long }, wrapUnions });
  return (bytes) => type.fromBuffer(Buffer.from(bytes));
}

const record = (fields: Record<string, Json>, name = "r"): Json => ({
  type: "record",
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
});

/** A schema, a value for it, and the value as avsc gives it back. */
interface Case {
  readonly schema: Json;
  readonly value: unknown;
  readonly read: unknown;
}

const same =
  (schema: Json) =>
  (value: unknown): Case => ({ schema, value, read: value });
const bytes = (limits: { minLength?: number; maxLength?: number }) =>
  fc.uint8Array(limits).map((b) => Buffer.from(b));
const notNan = { noNaN: true };

const scalars = fc.oneof(
  fc.constant(null).map(same("null")),
  fc.boolean().map(same("boolean")),
  fc.integer().map(same("int")),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(same("long")),
  fc.maxSafeInteger().map((n): Case => ({ schema: "long", value: n, read: BigInt(n) })),
  fc.float(notNan).map(same("float")),
  fc.double(notNan).map(same("double")),
  fc.string({ unit: "grapheme" }).map(same("string")),
  bytes({ maxLength: 100 }).map(same("bytes")),
);

const { any } = fc.letrec<{ any: Case }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalars,
    tie("any").chain((item) =>
      fc
        .nat(3)
        .map((n) =>
          nest({ type: "array", items: item.schema }, item, (x) => Array<unknown>(n).fill(x)),
        ),
    ),
    tie("any").map((item) =>
      nest({ type: "map", values: item.schema }, item, (x) => ({ candid: x, "": x })),
    ),
    tie("any").map((item) =>
      nest({ ...(record({ before: "int", item: item.schema }, fresh()) as object) }, item, (x) => ({
        before: -1,
        item: x,
      })),
    ),
    tie("any").map(nullable),
    fc
      .constantFrom("g", "r")
      .map((symbol) => same({ type: "enum", name: fresh(), symbols: ["g", "r"] })(symbol)),
    bytes({ minLength: 4, maxLength: 4 }).map((b) =>
      same({ type: "fixed", name: fresh(), size: 4 })(b),
    ),
  ),
}));

let names = 0;
const fresh = (): string => `name${names++}`;

function nest(schema: Json, item: Case, around: (value: unknown) => unknown): Case {
  return { schema, value: around(item.value), read: around(item.read) };
}

function nullable(item: Case): Case {
  if (item.schema === "null" || Array.isArray(item.schema)) return item;
  const branch =
    typeof item.schema === "string"
      ? item.schema
      : ((item.schema as { name?: string; type: string }).name ??
        (item.schema as { type: string }).type);
  return { schema: ["null", item.schema], value: item.value, read: { [branch]: item.read } };
}

const strip = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === "bigint" ? `${v}` : Object.is(v, -0) ? "-0" : v,
    ),
  );

describe("an encoded value", () => {
  it("is what avsc reads back, whatever the schema", () => {
    fc.assert(
      fc.property(any, ({ schema, value, read }) => {
        const encoded = compileEncoder(JSON.stringify(record({ it: schema })))({ it: value });
        expect(strip((avscReader(record({ it: schema }))(encoded) as { it: unknown }).it)).toEqual(
          strip(read),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("keeps NaN, infinities and the largest longs", () => {
    const encode = compileEncoder(
      JSON.stringify(record({ a: "float", b: "double", c: "long", d: "long" })),
    );
    const read = avscReader(record({ a: "float", b: "double", c: "long", d: "long" }));
    const value = { a: NaN, b: -Infinity, c: 2n ** 63n - 1n, d: -(2n ** 63n) };
    expect(read(encode(value))).toEqual(value);
  });

  it("takes the first branch of a union that can hold it, and null for a missing field", () => {
    const union = [
      "null",
      "int",
      "double",
      "string",
      record({ a: "string" }, "A"),
      record({ b: "string" }, "B"),
    ] as Json[];
    const encode = compileEncoder(JSON.stringify(union));
    const branch = (value: unknown): number => encode(value)[0] / 2;
    expect([null, undefined, 3, 3.5, "x", { a: "x" }, { b: "x" }].map(branch)).toEqual([
      0, 0, 1, 2, 3, 4, 5,
    ]);
  });

  it("may use a named type again, within its namespace", () => {
    const cutout = record({ stampData: "bytes" }, "cutout") as { [key: string]: Json };
    const schema = {
      ...(record(
        { science: cutout, template: ["null", "ztf.cutout"], difference: ["null", "cutout"] },
        "alert",
      ) as object),
      namespace: "ztf",
    };
    const stamp = { stampData: Buffer.from("FITS") };
    const encoded = compileEncoder(JSON.stringify(schema))({ science: stamp, template: stamp });
    expect(avscReader(schema)(encoded)).toEqual({
      science: stamp,
      template: { "ztf.cutout": stamp },
      difference: null,
    });
  });

  it("may have more fields than one function of the generated code", () => {
    const value = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`flux${i}`, i / 3]));
    const schema = record(
      Object.fromEntries(Object.keys(value).map((name) => [name, ["null", "double"]])),
    );
    expect(avscReader(schema, "never")(compileEncoder(JSON.stringify(schema))(value))).toEqual(
      value,
    );
  });

  it("keeps longs and strings whole where their encoding changes", () => {
    const schema = record({
      longs: { type: "array", items: "long" },
      strings: { type: "array", items: "string" },
    });
    const edges = [0, 63, 64, 8191, 8192, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
    const longs = edges.flatMap((n) => [n, -n, -n - 1]).filter(Number.isSafeInteger);
    const strings = [0, 1, 62, 63, 64, 65, 127, 128, 9000].flatMap((n) => [
      "r".repeat(n),
      `${"r".repeat(n)}é`,
      "☄".repeat(n),
    ]);
    const read = avscReader(schema)(compileEncoder(JSON.stringify(schema))({ longs, strings }));
    expect(read).toEqual({ longs: longs.map(BigInt), strings });
  });

  it.each<[string, Json, unknown]>([
    [
      "numbers",
      { type: "array", items: "double" },
      Array.from({ length: 50_000 }, (_, i) => i / 7),
    ],
    [
      "short strings",
      { type: "map", values: "string" },
      Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`object${i}`, `ZTF${i}`])),
    ],
    [
      "records",
      { type: "array", items: record({ ra: "double", name: "string" }) },
      Array<object>(9000).fill({ ra: 1.5, name: "a".repeat(60) }),
    ],
    [
      "a stamp after much else",
      record({ name: "string", stamp: "bytes" }),
      { name: "☄".repeat(30_000), stamp: Buffer.alloc(200_000, 3) },
    ],
  ])("outgrows the encoder's buffer: %s", (_, schema, value) => {
    expect(avscReader(schema)(compileEncoder(JSON.stringify(schema))(value))).toEqual(value);
  });

  it("becomes a message without a copy in between", () => {
    const messages = ["SN", "Ia"].map(compileEncoder('"string"', (datum) => writeWire(7, datum)));
    expect(messages.map((m) => [...m])).toEqual([
      [0, 0, 0, 0, 7, 4, 0x53, 0x4e],
      [0, 0, 0, 0, 7, 4, 0x49, 0x61],
    ]);
  });

  it("may be longer than the one before", () => {
    const encode = compileEncoder('"bytes"');
    const short = encode(Buffer.alloc(10));
    expect(encode(Buffer.alloc(300_000, 7))).toHaveLength(300_003);
    expect(short).toEqual(Uint8Array.from([20, ...Array<number>(10).fill(0)]));
  });
});

const reference = join(import.meta.dirname, "../../../shared/reference/alerts/ztf/v4.02");

describe.skipIf(
  !available("reference", existsSync(reference), "no ../shared/reference with real ZTF alerts"),
)("a real ZTF alert", () => {
  it.each(existsSync(reference) ? readdirSync(reference) : [])(
    "%s comes back byte for byte",
    (name) => {
      const file = readFileSync(join(reference, name));
      const header = readContainerHeader(file, 0, file.length);
      const text = Buffer.from(header.schema).toString();
      const [block] = containerBlocks(file, header, file.length, file.length);
      const datum = block.bytes.subarray(block.start, block.end);
      // avsc refuses ZTF's own defaults
      const alert = avscReader(
        JSON.parse(text, (key, value: Json) => (key === "default" ? undefined : value)) as Json,
        "never",
      )(datum);
      expect(Buffer.compare(compileEncoder(text)(alert), datum)).toBe(0);
    },
  );
});

describe("a value that does not fit", () => {
  const schema = record({
    candidate: record({ jd: "double", rb: ["null", "float"] }, "candidate"),
    history: { type: "array", items: { type: "map", values: "int" } },
  });
  const encode = compileEncoder(JSON.stringify(schema));
  it.each([
    [
      { candidate: { jd: "noon" }, history: [] },
      'cannot encode candidate.jd: "noon" is not of type double',
    ],
    [{ candidate: {}, history: [] }, "cannot encode candidate.jd: undefined is not of type double"],
    [
      { candidate: { jd: 1, rb: true }, history: [] },
      "cannot encode candidate.rb: true is not of type float",
    ],
    [
      { candidate: { jd: 1 }, history: [{}, { g: 2 ** 31 }] },
      "cannot encode history.1.g: 2147483648 is not of type int",
    ],
    [{ candidate: { jd: 1 } }, "cannot encode history: undefined is not an array"],
    [7, "cannot encode the value: 7 is not a record"],
  ])("is named with its field: %j", (value, message) => {
    expect(() => encode(value)).toThrow(expect.objectContaining({ code: "avro", message }));
  });

  it.each<[Json, unknown, string]>([
    [{ type: "enum", name: "band", symbols: ["g", "r"] }, "z", 'the value: "z" is not one of g, r'],
    [{ type: "fixed", name: "id", size: 4 }, Buffer.alloc(3), "the value: Buffer is not 4 bytes"],
    ["bytes", [1], "the value: Array is not of type bytes"],
    ["int", 1n, 'the value: "1n" is not of type int'],
    ["null", 0, "the value: 0 is not null"],
    [
      ["null", "int", { type: "array", items: "string" }],
      ["x", 1],
      "the value: Array is not one of null, int, array",
    ],
    [{ type: "array", items: "int" }, [1, , 3], "1: undefined is not of type int"], // oxlint-disable-line no-sparse-arrays
    [record({ magpsf: "float" }), Buffer.from("x"), "the value: Buffer is not a record"],
  ])("is named, whatever the type: %j", (type, value, message) => {
    expect(() => compileEncoder(JSON.stringify(type))(value)).toThrow(
      expect.objectContaining({ code: "avro", message: `cannot encode ${message}` }),
    );
  });

  it("does not spoil the next one", () => {
    expect(() => encode({ candidate: { jd: 1 }, history: [{ g: 1.5 }] })).toThrow("history.0.g");
    expect(encode({ candidate: { jd: 0, rb: null }, history: [] })).toEqual(new Uint8Array(10));
  });

  it("is one too large for a long, not one cut down to 64 bits", () => {
    expect(() => compileEncoder('"long"')(2n ** 63n)).toThrow("9223372036854775808n");
    expect(() => compileEncoder('"long"')(2 ** 53)).toThrow("is not of type long");
  });
});
