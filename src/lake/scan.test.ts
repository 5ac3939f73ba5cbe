import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { isOneOfSql, literal } from "./scan.ts";
import type { StructType } from "./schema.ts";

const schema: StructType = {
  type: "struct",
  fields: [
    { name: "candid", type: "long", nullable: true, metadata: {} },
    {
      name: "candidate",
      type: {
        type: "struct",
        fields: [{ name: "candid", type: "long", nullable: true, metadata: {} }],
      },
      nullable: true,
      metadata: {},
    },
  ],
};

test("an id is found under either of its names, the first one that has a value", async () => {
  const connection = await (await DuckDBInstance.create()).connect();
  const rows = `(VALUES (1, {'candid': 9}), (NULL, {'candid': 2}), (3, NULL), (4, {'candid': 1}), (NULL, NULL)) t(candid, candidate)`;
  const found = async (...ids: bigint[]) => {
    const where = isOneOfSql(schema, ["candid", "candidate.candid"], ids);
    return (
      await (
        await connection.run(
          `SELECT coalesce(candid, candidate.candid)::INTEGER FROM ${rows} WHERE ${where} ORDER BY 1`,
        )
      ).getRows()
    ).flat();
  };
  expect(await found(1n)).toEqual([1]);
  expect(await found(1n, 2n, 3n, 9n)).toEqual([1, 2, 3]);
  expect(isOneOfSql(schema, ["candid"], [2n ** 62n])).toBe(
    `"candid" IN ('4611686018427387904'::BIGINT)`,
  );
  expect(isOneOfSql(schema, ["id"], [1n])).toBeUndefined();
  connection.closeSync();
});

test.each(["", "a", "a'b", "a\0b", "\0", "\0\0'\0"])(
  "a text in SQL is the same text: %j",
  async (text) => {
    const connection = await (await DuckDBInstance.create()).connect();
    const rows = await (
      await connection.run(`SELECT ${literal(text)} AS a WHERE a IN (${literal(text)}, 'other')`)
    ).getRows();
    expect(rows).toEqual([[text]]);
    connection.closeSync();
  },
);
