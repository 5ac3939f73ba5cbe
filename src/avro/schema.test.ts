import { describe, expect, it } from "vitest";
import { type AvroRecord, minSize, parseSchema } from "./schema.ts";

const parse = (schema: unknown) => parseSchema(JSON.stringify(schema));
const record = (fields: unknown, name: unknown = "r") => ({ type: "record", name, fields });
const field = (type: unknown, name: unknown = "f") => ({ name, type });
/** A JSON text of brackets, deeper than any recursion goes. */
const abyss = "[".repeat(100_000) + "]".repeat(100_000);

describe("a schema", () => {
  it("resolves names in the namespace they stand in", () => {
    const type = parse({
      ...record(
        [
          field(record([field({ type: "fixed", name: "id", size: 4 })], "inner"), "a"),
          field("inner", "b"),
          field("ztf.alert.id", "c"),
        ],
        "alert",
      ),
      namespace: "ztf.alert",
    });
    const inner = {
      kind: "record",
      name: "ztf.alert.inner",
      fields: [{ name: "f", type: { kind: "fixed", name: "ztf.alert.id", size: 4 } }],
    };
    expect(type).toEqual({
      kind: "record",
      name: "ztf.alert.alert",
      fields: [
        { name: "a", type: inner },
        { name: "b", type: inner },
        { name: "c", type: { kind: "fixed", name: "ztf.alert.id", size: 4 } },
      ],
    });
  });

  it("keeps the logical types that have columns of their own, and takes the others for what they are made of", () => {
    const kinds = [
      { type: "int", logicalType: "date" },
      { type: "long", logicalType: "timestamp-millis" },
      { type: "int", logicalType: "time-millis" },
      { type: "bytes", logicalType: "decimal", precision: 9, scale: 2 },
      { type: "bytes", logicalType: "decimal", precision: 60 },
      { type: "string", logicalType: "uuid" },
    ];
    expect(kinds.map(parse)).toEqual([
      { kind: "int", logical: "date" },
      { kind: "long", logical: "timestamp-millis" },
      { kind: "int" },
      { kind: "bytes", decimal: { precision: 9, scale: 2 } },
      { kind: "bytes" },
      { kind: "string" },
    ]);
  });

  it("may have defaults that do not fit their types, as ZTF's has", () => {
    expect(parse(record([{ ...field(["float", "null"]), default: null }]))).toMatchObject({
      kind: "record",
    });
  });

  it("tells how short its values can be", () => {
    const type = record([
      field("int", "a"),
      field("double", "b"),
      field(["null", "double"], "c"),
      field({ type: "array", items: "long" }, "d"),
      field("null", "e"),
    ]);
    expect(minSize(parse(type))).toBe(1 + 8 + 1 + 1 + 0);
  });
});

// WINTER's packets have candidate.sgmag1 twice: nothing of the survey came in.
it("a field that is named again gets the next free number, as columns that differ by case do", () => {
  const names = (...given: string[]) =>
    (parse(record(given.map((name) => field("int", name)))) as AvroRecord).fields.map(
      ({ name }) => name,
    );
  expect(names("mag", "mag")).toEqual(["mag", "mag_2"]);
  expect(names("mag", "mag", "mag_2", "mag", "Mag")).toEqual([
    "mag",
    "mag_3",
    "mag_2",
    "mag_4",
    "Mag",
  ]);
  expect(new Set(names(...Array.from({ length: 19_000 }, () => "f"))).size).toBe(19_000);
});

describe("a schema that cannot be used is refused", () => {
  it.each([
    ["a name with code in it", record([field("int", "a; process.exit()")]), "not an Avro name"],
    ["a record's name with code in it", record([], "r`${1}"), "not an Avro name"],
    ["a namespace that is none", { ...record([]), namespace: "a.b c" }, "not an Avro name"],
    [
      "an enum's symbol that is none",
      { type: "enum", name: "e", symbols: ['"'] },
      "not an Avro name",
    ],
    ["a name of a megabyte", record([field("int", "x".repeat(1 << 20))]), "not an Avro name"],
    [
      "a name of many parts",
      record([], Array.from({ length: 500 }, () => "abc").join(".")),
      "longer than 1000",
    ],
    ["a name that is no text", record([field("int", { a: 1 })]), "not an Avro name"],
    ["a record that contains itself", record([field(["null", "r"])]), "contains itself"],
    ["a type that does not exist", record([field("candidate")]), 'type "candidate" does not exist'],
    ["a type that is a number", record([field(7)]), "7 is not a type"],
    ["a record without fields", { type: "record", name: "r" }, "has no fields"],
    ["a field that is no object", record(["f"]), "not an object"],
    ["an array without items", { type: "array" }, "is not a type"],
    ["a union without branches", record([field([])]), "0 branches"],
    [
      "a union of more branches than a byte tells apart",
      record([field(Array.from({ length: 65 }, () => "int"))]),
      "65 branches",
    ],
    ["a fixed of negative size", { type: "fixed", name: "f", size: -1 }, "has size -1"],
    ["a fixed of gigabytes", { type: "fixed", name: "f", size: 2 ** 40 }, "has size"],
    ["an enum without symbols", { type: "enum", name: "e" }, "has no symbols"],
  ])("%s", (_, schema, reason) => {
    expect(() => parse(schema)).toThrow(
      expect.objectContaining({ code: "schema", message: expect.stringContaining(reason) }),
    );
  });

  it.each([
    ["no JSON", "{", "not JSON"],
    ["more than 4 MB", `"${"x".repeat(5 << 20)}"`, "characters long"],
    [
      "nested deeper than any alert",
      `{"type":"array","items":`.repeat(100) + '"int"' + "}".repeat(100),
      "64 deep",
    ],
    ["a union in a union in a union …", abyss, "64 deep"],
    [
      "a name that is a bottomless list",
      `{"type":"record","name":${abyss},"fields":[]}`,
      "not an Avro name",
    ],
    [
      "a size that is a bottomless list",
      `{"type":"fixed","name":"f","size":${abyss}}`,
      "has size an object",
    ],
    [
      "more types than any alert has",
      JSON.stringify(record(Array.from({ length: 20_001 }, (_, i) => field("int", `f${i}`)))),
      "20000 types",
    ],
  ])("%s", (_, text, reason) => {
    expect(() => parseSchema(text)).toThrow(
      expect.objectContaining({ code: "schema", message: expect.stringContaining(reason) }),
    );
  });

  it("names that double the size with each reference", () => {
    const doubling = Array.from({ length: 40 }, (_, i) =>
      field(
        record(
          [field(i === 0 ? "int" : `r${i - 1}`, "a"), field(i === 0 ? "int" : `r${i - 1}`, "b")],
          `r${i}`,
        ),
        `f${i}`,
      ),
    );
    const started = performance.now();
    expect(() => parse(record(doubling))).toThrow("20000 types");
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("and says so in few words, whatever it is", () => {
    try {
      parse(record([field("x".repeat(1 << 20))]));
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(200);
    }
  });
});
