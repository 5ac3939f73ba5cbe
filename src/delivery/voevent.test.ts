import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Decimal, makeData } from "apache-arrow";
import { expect, it } from "vitest";
import { available } from "../../test/require.ts";
import type { StructType } from "../lake/schema.ts";
import { nested, toArrow } from "../science/results.ts";
import { surveySchema } from "../surveys/definition.ts";
import type { Message } from "./target.ts";
import { voEvent } from "./voevent.ts";

const python = process.env["FINK_PYTHON"] ?? "";
const survey = surveySchema.parse({ name: "ztf", title: "ZTF" });

function messageOf(ra: number | null): Message {
  const number = toArrow({ type: "double" }, { values: Float64Array.of(1.5) }, 1);
  const text = toArrow({ type: "string" }, { values: ['a < b & "c"\n'] }, 1);
  const nothing = toArrow({ type: "string" }, { values: [null] }, 1);
  const data = nested(
    [
      ["top", text],
      ["empty.none", nothing],
      ["candidate.magpsf", number],
      ["candidate.deeper.x", number],
      ["candidate.deeper.deepest.y", text],
      ["xm.name", text],
    ],
    1,
  );
  const field = (name: string, type: StructType["fields"][number]["type"]) => ({
    name,
    type,
    nullable: true,
    metadata: {},
  });
  const struct = (...fields: StructType["fields"]): StructType => ({ type: "struct", fields });
  const deeper = struct(field("x", "double"), field("deepest", struct(field("y", "string"))));
  const columns = struct(
    field("top", "string"),
    field("empty", struct(field("none", "string"))),
    field("candidate", struct(field("magpsf", "double"), field("deeper", deeper))),
    field("xm", struct(field("name", "string"))),
  );
  const match = {
    filter: "f",
    filter_version: 1,
    alert: 12n,
    object: "ZTF1",
    ra,
    dec: ra,
    mjd: ra === null ? null : 61_000.5,
    matched_at: 1_700_000_000_000_000n,
  };
  return {
    id: "ztf/f@1/12",
    survey: "ztf",
    match: match as Message["match"],
    filter: {
      name: "f",
      survey: "ztf",
      description: 'a < b & "c"',
      owner: "",
      deliver: [],
      columns: ["candidate"],
      topic: "f",
      keptAt: 0,
    },
    alert: { parts: [data, null], rows: [0, -1] },
    columns,
  };
}

it("has no Group in a Group: VOEvent 2.0 knows none", () => {
  const text = voEvent(messageOf(10), survey);
  const groups = [...text.matchAll(/<Group name="([^"]+)">([^]*?)<\/Group>/g)].map(
    ([, name, inner]) => [name, inner.includes("<Group"), /name="(\w+)"/.exec(inner)?.[1]],
  );
  expect(groups).toEqual([
    ["alert", false, "top"],
    ["candidate", false, "magpsf"],
    ["candidate.deeper", false, "x"],
    ["candidate.deeper.deepest", false, "y"],
    ["xm", false, "name"],
  ]);
});

it.each([
  ["1.500", 1_500n],
  ["12345678901234567.891", 12_345_678_901_234_567_891n],
])("a decimal is a parameter with all its digits: %s", (_, unscaled) => {
  const words = Uint32Array.from([0n, 32n, 64n, 96n], (bits) =>
    Number((unscaled >> bits) & 0xffff_ffffn),
  );
  const message = messageOf(10);
  const data = nested(
    [["flux", makeData({ type: new Decimal(3, 25), length: 1, data: words })]],
    1,
  );
  const columns: StructType = {
    type: "struct",
    fields: [{ name: "flux", type: "decimal(25,3)", nullable: true, metadata: {} }],
  };
  const digits = unscaled === 1_500n ? "1.5" : "12345678901234567.891";
  expect(
    voEvent({ ...message, alert: { parts: [data, null], rows: [0, -1] }, columns }, survey),
  ).toContain(
    `<Group name="alert"><Param name="flux" value="${digits}" dataType="float"/></Group>`,
  );
});

it
  .skipIf(
    !available(
      "python",
      python !== "",
      "VOEvents against their schema: set FINK_PYTHON to a Python that has voevent-parse",
    ),
  )
  .each([10, null])("follows the schema of VOEvent 2.0, position %s", (ra) => {
  const folder = mkdtempSync(join(tmpdir(), "fink-voevent-"));
  writeFileSync(join(folder, "one.xml"), voEvent(messageOf(ra), survey));
  const code = `import sys, voeventparse as v; print(v.valid_as_v2_0(v.load(open(sys.argv[1], 'rb'))))`;
  expect(execFileSync(python, ["-c", code, join(folder, "one.xml")], { encoding: "utf8" })).toBe(
    "True\n",
  );
  rmSync(folder, { recursive: true });
});
