import { DuckDBInstance } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { answer, arrow, type OutputFormat } from "./formats.ts";
import { type Table, tableOf } from "./table.ts";

const script = '<script>alert("x")</script>\u0000';
const table: Table = {
  columns: [
    { name: "i:candid", kind: "long" },
    { name: "d:cdsxmatch", kind: "text" },
    { name: "i:ra", kind: "double" },
    { name: "d:flag", kind: "boolean" },
  ],
  rows: [
    [9007199254740993n, script, 1.5, true],
    [2n, 'a,"b"', null, null],
  ],
};

async function sent(format: OutputFormat): Promise<{ text: string; type: string | null }> {
  const response = await new Hono().get("/", (c) => answer(c, table, format)).request("/");
  return { text: await response.text(), type: response.headers.get("Content-Type") };
}

test("what an alert says is text in every format, and no format is one that a browser runs", async () => {
  expect(await sent("json")).toEqual({
    text: `[{"i:candid":9007199254740993,"d:cdsxmatch":${JSON.stringify(script)},"i:ra":1.5,"d:flag":true},{"i:candid":2,"d:cdsxmatch":"a,\\"b\\"","i:ra":null,"d:flag":null}]`,
    type: "application/json",
  });
  const votable = await sent("votable");
  expect(votable.text).toContain("<TD>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</TD>");
  expect(votable.text).toContain('<FIELD ID="d_cdsxmatch" name="d:cdsxmatch"');
  const { text } = await sent("csv");
  expect(text.split("\n").slice(2)).toEqual(['2,"a,""b""",,', ""]);
  expect(text).toContain(",1.5,True\n");
});

test("decimals are numbers, and integers of more than 64 bits keep their digits in every format", async () => {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const sql = `SELECT 19.5 AS lim, 7::UINTEGER AS narrow, 18446744073709551615::UBIGINT AS wide, 3::UTINYINT AS tiny, 42::DECIMAL(20,0) AS whole, '-0.0'::DOUBLE AS zero,
    MAP {1: 2.5} AS map, INTERVAL 1 day AS day, sum(5) AS total`;
  const made = await tableOf(connection, sql);
  const body = async (format: OutputFormat) =>
    new Uint8Array(
      await (await new Hono().get("/", (c) => answer(c, made, format)).request("/")).arrayBuffer(),
    );
  expect(Buffer.from(await body("json")).toString()).toBe(
    `[{"lim":19.5,"narrow":7,"wide":18446744073709551615,"tiny":3,"whole":42,"zero":-0.0,"map":[{"key":1,"value":2.5}],"day":{"months":0,"days":1,"micros":"0"},"total":5}]`,
  );
  const votable = Buffer.from(await body("votable")).toString();
  expect(votable).toContain('name="lim" datatype="double"');
  expect(votable).toContain('name="wide" datatype="unicodeChar"');
  expect(votable).toContain(
    "<TD>19.5</TD><TD>7</TD><TD>18446744073709551615</TD><TD>3</TD><TD>42</TD><TD>-0.0</TD>",
  );
  const read = tableFromIPC(arrow(made)).toArray()[0].toJSON() as object;
  expect(read).toMatchObject({
    lim: 19.5,
    narrow: 7n,
    wide: "18446744073709551615",
    tiny: 3,
    whole: 42n,
    total: 5n,
  });
});
