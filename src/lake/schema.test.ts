import { describe, expect, test } from "vitest";
import { type ColumnType, field, fits, merge, type StructType } from "./schema.ts";

const struct = (fields: Record<string, ColumnType>): StructType => ({
  type: "struct",
  fields: Object.entries(fields).map(([name, type]) => field(name, type)),
});
const list = (elementType: ColumnType): ColumnType => ({
  type: "array",
  elementType,
  containsNull: true,
});

describe("merging a table's columns with those of new alerts", () => {
  test("new fields are added, also deep inside", () => {
    const merged = merge(
      struct({ a: "long", s: list(struct({ x: "float" })) }),
      struct({ s: list(struct({ x: "float", y: "double" })), b: "string" }),
    );
    expect(merged).toEqual({
      type: struct({ a: "long", s: list(struct({ x: "float", y: "double" })), b: "string" }),
      added: true,
      widened: [],
      conflicts: [],
    });
  });

  test.each([
    ["long", "integer"],
    ["double", "integer"],
    ["double", "float"],
  ])("a %s column takes a(n) %s as it is", (table, incoming) => {
    expect(merge(struct({ a: table }), struct({ a: incoming }))).toMatchObject({
      type: struct({ a: table }),
      added: false,
      widened: [],
      conflicts: [],
    });
  });

  test.each([
    ["integer", "long", "long"],
    ["integer", "double", "double"],
    ["integer", "float", "double"],
    ["float", "integer", "double"],
    ["float", "double", "double"],
  ])("a(n) %s column has to be widened for a %s", (table, incoming, wide) => {
    expect(merge(struct({ a: table }), struct({ a: incoming }))).toMatchObject({
      type: struct({ a: wide }),
      widened: [`a ${table}→${wide}`],
      conflicts: [],
    });
  });

  test.each([
    ["string", "integer"],
    ["long", "double"], // a double does not hold every long
    ["long", "float"],
    ["boolean", "integer"],
    ["timestamp", "long"],
    ["decimal(10,2)", "decimal(12,2)"],
  ])("%s and %s cannot be brought together without loss", (table, incoming) => {
    expect(
      merge(struct({ s: struct({ a: table }) }), struct({ s: struct({ a: incoming }) })).conflicts,
    ).toEqual([`s.a ${table}≠${incoming}`]);
  });

  test("a number under the name of a record is a conflict", () => {
    expect(merge(struct({ a: struct({ x: "float" }) }), struct({ a: "float" })).conflicts).toEqual([
      "a struct≠float",
    ]);
  });

  test("names are compared without case, as every reader does", () => {
    expect(merge(struct({ Ra: "double" }), struct({ ra: "double" }))).toMatchObject({
      type: struct({ Ra: "double" }),
      added: false,
    });
    expect(fits(struct({ Ra: "double" }), struct({ ra: "double" }))).toBe(false);
  });
});

test("a file fits a table when it lacks columns, not when a type differs", () => {
  const table = struct({ a: "long", s: struct({ x: "float", y: "float" }) });
  expect(fits(table, struct({ s: struct({ y: "float" }) }))).toBe(true);
  expect(fits(table, struct({ b: "string" }))).toBe(true);
  expect(fits(table, struct({ a: "integer" }))).toBe(false);
  expect(fits(table, struct({ s: struct({ y: "double" }) }))).toBe(false);
});
