import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeStats, parseStats, rowsOf } from "./merge-stats.ts";

function merged(...all: string[]): string {
  return mergeStats(all.map(parseStats));
}

describe("statistics of merged files", () => {
  test("keep every digit of 64-bit integers", () => {
    const a =
      '{"numRecords":2,"minValues":{"candid":9007199254740993},"maxValues":{"candid":9007199254740995},"nullCount":{"candid":0}}';
    const b =
      '{"numRecords":1,"minValues":{"candid":5},"maxValues":{"candid":5},"nullCount":{"candid":0}}';
    expect(merged(a, b)).toBe(
      '{"numRecords":3,"minValues":{"candid":5},"maxValues":{"candid":9007199254740995},"nullCount":{"candid":0}}',
    );
  });

  test("follow nested columns", () => {
    const a =
      '{"numRecords":1,"minValues":{"candidate":{"jd":2.5}},"maxValues":{"candidate":{"jd":2.5}},"nullCount":{"candidate":{"jd":0}}}';
    const b =
      '{"numRecords":1,"minValues":{"candidate":{"jd":1}},"maxValues":{"candidate":{"jd":1}},"nullCount":{"candidate":{"jd":3}}}';
    expect(JSON.parse(merged(a, b))).toEqual({
      numRecords: 2,
      minValues: { candidate: { jd: 1 } },
      maxValues: { candidate: { jd: 2.5 } },
      nullCount: { candidate: { jd: 3 } },
    });
  });

  test("have no range where one file does not know its own", () => {
    const known = '{"numRecords":1,"minValues":{"ra":1},"maxValues":{"ra":1},"nullCount":{"ra":0}}';
    const nan = '{"numRecords":1,"minValues":{},"maxValues":{},"nullCount":{"ra":0}}';
    expect(JSON.parse(merged(known, nan))).toEqual({
      numRecords: 2,
      minValues: {},
      maxValues: {},
      nullCount: { ra: 0 },
    });
    expect(JSON.parse(merged(known, '{"numRecords":1}'))).toEqual({
      numRecords: 2,
      minValues: {},
      maxValues: {},
      nullCount: {},
    });
  });

  test("pass over files that have only nulls", () => {
    const known = '{"numRecords":1,"minValues":{"ra":1},"maxValues":{"ra":1},"nullCount":{"ra":0}}';
    const nulls = '{"numRecords":4,"minValues":{},"maxValues":{},"nullCount":{"ra":4}}';
    expect(JSON.parse(merged(nulls, known))).toEqual({
      numRecords: 5,
      minValues: { ra: 1 },
      maxValues: { ra: 1 },
      nullCount: { ra: 4 },
    });
  });

  test("order texts by their bytes", () => {
    const file = (text: string) =>
      JSON.stringify({ numRecords: 1, minValues: { t: text }, maxValues: { t: text } });
    expect(parseStats(merged(file("\u{1f600}"), file("\uffee"))).maxValues).toEqual({
      t: "\u{1f600}",
    });
  });

  test("bound every integer of every file", () => {
    const values = fc.array(fc.array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), { minLength: 1 }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(values, (files) => {
        const stats = files.map((f) => {
          const sorted = f.toSorted((a, b) => (a < b ? -1 : 1));
          return `{"numRecords":${f.length},"minValues":{"id":${sorted[0]}},"maxValues":{"id":${sorted.at(-1)}}}`;
        });
        const all = files.flat().toSorted((a, b) => (a < b ? -1 : 1));
        const { minValues, maxValues } = parseStats(merged(...stats));
        expect([BigInt(minValues!.id as bigint), BigInt(maxValues!.id as bigint)]).toEqual([
          all[0],
          all.at(-1),
        ]);
      }),
    );
  });

  test("tell the rows of a file, where its writer did", () => {
    expect(rowsOf('{"numRecords":12}')).toBe(12);
    expect(rowsOf(undefined)).toBeUndefined();
  });
});
