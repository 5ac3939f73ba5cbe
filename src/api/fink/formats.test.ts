import { Hono } from "hono";
import { expect, test } from "vitest";
import { answer, type OutputFormat } from "./formats.ts";
import type { Table } from "./table.ts";

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
