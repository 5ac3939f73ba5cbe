import { describe, expect, it } from "vitest";
import { columnNames, layOut } from "./layout.ts";
import { type AvroRecord, parseSchema } from "./schema.ts";

/** Column types of an alert with these fields, as Arrow writes them. */
function columns(
  fields: Record<string, unknown>,
  reserved: readonly string[] = [],
): Record<string, string> {
  const schema = {
    type: "record",
    name: "alert",
    fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
  };
  const { root } = layOut(parseSchema(JSON.stringify(schema)) as AvroRecord, reserved);
  return Object.fromEntries(
    root.type.children.map((f: { name: string; type: unknown }) => [f.name, String(f.type)]),
  );
}

const nothing = { type: "record", name: "nothing", fields: [{ name: "n", type: "null" }] };

describe("columns of an alert", () => {
  it("have the types of its fields", () => {
    const types = columns({
      candid: "long",
      fid: "int",
      rb: ["null", "float"],
      jd: "double",
      night: { type: "int", logicalType: "date" },
      seen: { type: "long", logicalType: "timestamp-millis" },
      cutout: ["bytes", "null"],
      hash: { type: "fixed", name: "h", size: 16 },
      band: { type: "enum", name: "b", symbols: ["g", "r"] },
      history: [
        "null",
        {
          type: "array",
          items: { type: "record", name: "p", fields: [{ name: "mag", type: "float" }] },
        },
      ],
      scores: { type: "map", values: "double" },
    });
    expect(types).toEqual({
      candid: "Int64",
      fid: "Int32",
      rb: "Float32",
      jd: "Float64",
      night: "Date32<DAY>",
      seen: "Timestamp<MICROSECOND, UTC>",
      cutout: "Binary",
      hash: "Binary",
      band: "Utf8",
      history: "List<Struct<{mag:Float32}>>",
      scores: "Map<{key:Utf8, value:Float64}>",
    });
  });

  it("are a struct for a union of several types, with a field for each", () => {
    expect(
      columns({
        value: [
          "null",
          "int",
          "string",
          { type: "record", name: "lsst.v9.flux", fields: [{ name: "nJy", type: "float" }] },
        ],
      }),
    ).toEqual({
      value: "Struct<{int:Int32, string:Utf8, flux:Struct<{nJy:Float32}>}>",
    });
  });

  it("are not there for fields that have nothing to store", () => {
    expect(
      columns({
        a: "null",
        b: nothing,
        c: ["null", "nothing"],
        d: { type: "record", name: "outer", fields: [{ name: "n", type: "nothing" }] },
        e: "int",
      }),
    ).toEqual({ e: "Int32" });
  });

  it("count the items of lists that have nothing to store", () => {
    expect(
      columns({ a: { type: "array", items: nothing }, b: { type: "map", values: "null" } }),
    ).toEqual({
      a: "List<Bool>",
      b: "Map<{key:Utf8, value:Bool}>",
    });
  });

  it("have names that differ by more than case, and not those of the columns we add", () => {
    expect(
      Object.keys(
        columns(
          {
            dec: "int",
            Dec: "int",
            DEC: "int",
            dec_2: "int",
            _Source: "int",
            x: { type: "record", name: "x", fields: [{ name: "_source", type: "int" }] },
          },
          ["_source"],
        ),
      ),
    ).toEqual(["dec", "Dec_2", "DEC_3", "dec_2_2", "_Source_2", "x"]);
  });

  it("get their names in no time, however many differ by case only", () => {
    const spellings = Array.from({ length: 1 << 14 }, (_, i) =>
      [..."abcdefghijklmn"]
        .map((letter, bit) => ((i >> bit) & 1 ? letter.toUpperCase() : letter))
        .join(""),
    );
    const started = performance.now();
    const names = columnNames(spellings);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(spellings.length);
  });
});
