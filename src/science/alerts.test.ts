import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Data,
  makeVector,
  type Struct,
  tableFromIPC,
  tableToIPC,
  Dictionary,
  Int32,
  Table,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileDecoder } from "../avro/decoder.ts";
import { columnsOf } from "../avro/columns.ts";
import { compileEncoder } from "../avro/encoder.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import { type AlertColumns, alertsOf, onlyColumns, withColumns } from "./alerts.ts";
import { openAlertFile } from "./parquet.ts";

const schema = JSON.stringify({
  type: "record",
  name: "alert",
  fields: [
    { name: "id", type: "long" },
    { name: "magnitude", type: "double" },
    { name: "flag", type: ["null", "boolean"] },
    { name: "name", type: ["null", "string"] },
    {
      name: "seen",
      type: [
        "null",
        { type: "record", name: "s", fields: ["fid:int", "mag:float", "big:long"].map(fieldOf) },
      ],
    },
    {
      name: "history",
      type: [
        "null",
        {
          type: "array",
          items: { type: "record", name: "h", fields: ["mag:float", "band:string"].map(nullable) },
        },
      ],
    },
    { name: "cutout", type: ["null", "bytes"] },
  ],
});
function fieldOf(text: string) {
  const [name, type] = text.split(":");
  return { name, type };
}
function nullable(text: string) {
  const { name, type } = fieldOf(text);
  return { name, type: ["null", type] };
}

const big = 2n ** 62n + 1n;
const records = [
  {
    id: big,
    magnitude: 17.5,
    flag: true,
    name: "ZTF17ö",
    seen: { fid: 1, mag: 0.5, big },
    history: [
      { mag: 1.5, band: "g" },
      { mag: null, band: null },
    ],
    cutout: Buffer.from([1, 2]),
  },
  { id: 2, magnitude: NaN, flag: null, name: null, seen: null, history: null, cutout: null },
  {
    id: 3,
    magnitude: -1,
    flag: false,
    name: "",
    seen: { fid: 3, mag: 0.25, big: -5 },
    history: [],
    cutout: Buffer.alloc(0),
  },
  {
    id: 4,
    magnitude: 1,
    flag: true,
    name: "d",
    seen: { fid: 4, mag: 4, big: 0 },
    history: [{ mag: 2.5, band: "r" }],
    cutout: Buffer.from([3]),
  },
];

function decoded(): Data<Struct> {
  const encode = compileEncoder(schema);
  const decoder = compileDecoder(schema);
  for (const record of records) {
    const bytes = Buffer.from(encode(record));
    decoder.decode(bytes, 0, bytes.length);
  }
  return columnsOf(decoder);
}

function expectAllOf(alerts: AlertColumns): void {
  expect(alerts.count).toBe(4);
  expect([...alerts.longs("id")]).toEqual([big, 2n, 3n, 4n]);
  expect([...alerts.numbers("magnitude")]).toEqual([17.5, NaN, -1, 1]);
  expect([...alerts.booleans("flag")]).toEqual([1, 2, 0, 1]);
  expect([...alerts.numbers("flag")]).toEqual([1, NaN, 0, 1]);
  expect(alerts.texts("name")).toEqual(["ZTF17ö", null, "", "d"]);
  expect([...alerts.numbers("seen.fid")]).toEqual([1, NaN, 3, 4]);
  expect([...alerts.numbers("seen.mag")]).toEqual([0.5, NaN, 0.25, 4]);
  expect([...alerts.longs("seen.big")]).toEqual([big, 0n, -5n, 0n]);
  expect([...alerts.numbers("seen.big")]).toEqual([2 ** 62, NaN, -5, 0]);
  const { offsets, values } = alerts.lists("history.mag");
  expect([...offsets]).toEqual([0, 2, 2, 2, 3]);
  expect([...values]).toEqual([1.5, NaN, 2.5]);
  expect(alerts.textLists("history.band")).toEqual({ offsets, values: ["g", null, "r"] });
  expect([0, 1, 2, 3].map((i) => alerts.bytes("cutout", i)?.join())).toEqual([
    "1,2",
    undefined,
    "",
    "3",
  ]);
}

describe("the columns of alerts", () => {
  it("are read from what the decoder made, whole or in chunks", () => {
    const data = decoded();
    expectAllOf(alertsOf([data]));
    expectAllOf(alertsOf([data.slice(0, 1), data.slice(1, 2), data.slice(3, 1)]));
  });

  it("are not copied where nothing has to be changed, and the same when asked twice", () => {
    const data = decoded();
    const alerts = alertsOf([data]);
    expect(alerts.numbers("magnitude").buffer).toBe(data.children[1].values.buffer);
    expect(alerts.longs("id").buffer).toBe(data.children[0].values.buffer);
    expect(alerts.numbers("seen.mag")).toBe(alerts.numbers("seen.mag"));
    expect(alerts.lists("history.mag")).toBe(alerts.lists("history.mag"));
  });

  it("tell of a path that is not there, or is something else", () => {
    const alerts = alertsOf([decoded()]);
    expect(() => alerts.numbers("seen.mga")).toThrow(
      "there is no column seen.mga; did you mean seen.mag?",
    );
    expect(() => alerts.numbers("history.mag")).toThrow(
      "column history.mag is a list, or in one: read it with lists or textLists",
    );
    expect(() => alerts.lists("magnitude")).toThrow("column magnitude is not a list, nor in one");
    expect(() => alerts.numbers("name")).toThrow(
      "column name is of type Utf8: it cannot be read as numbers",
    );
    expect(() => alerts.texts("seen")).toThrow("it cannot be read as texts");
    expect(() => onlyColumns(alerts, ["id"]).numbers("magnitude")).toThrow(
      "column magnitude is read but not among its needs",
    );
  });

  it("can be joined by others, which hide those of the same name", () => {
    const before = alertsOf([decoded()]);
    const vector = makeVector(new Float64Array([1, 2, 3, 4]));
    const added = alertsOf([new Table({ magnitude: vector, score: vector }).batches[0].data]);
    const both = withColumns(before, added);
    expect([...both.numbers("magnitude")]).toEqual([1, 2, 3, 4]);
    expect([...both.numbers("score")]).toEqual([1, 2, 3, 4]);
    expect([...both.numbers("seen.fid")]).toEqual([1, NaN, 3, 4]);
  });

  it("may be dictionaries", () => {
    const words = vectorFromArray(
      ["SN", null, "AGN", "SN"],
      new Dictionary(new Utf8(), new Int32()),
    );
    const table = tableFromIPC(tableToIPC(new Table({ words }), "stream"));
    expect(alertsOf(table.batches.map(({ data }) => data)).texts("words")).toEqual([
      "SN",
      null,
      "AGN",
      "SN",
    ]);
  });
});

describe("a Parquet file", () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "fink-alerts-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const written = async (name: string, query: string) => {
    const path = join(folder, name);
    await withUpkeep(
      folder,
      async ({ connection }) =>
        await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`),
    );
    return await openAlertFile(path);
  };

  it("of several row groups is read as one, and only the columns asked for", async () => {
    const file = await written(
      "a.parquet",
      "SELECT i AS id, {'x': i / 2, 'y': 'n' || i} AS s, [{'a': i, 'b': 1}] AS l, i AS unasked FROM range(5000) t(i)",
    );
    const alerts = await file.read(["id", "s.x", "l.a", "nothing"]);
    expect([...alerts.paths]).toEqual(["id", "s", "s.x", "l", "l.a"]);
    expect(file.paths.has("unasked")).toBe(true);
    expect(alerts.longs("id")[4999]).toBe(4999n);
    expect(alerts.numbers("s.x")[4999]).toBe(2499.5);
    expect([...alerts.lists("l.a").offsets.subarray(4998)]).toEqual([4998, 4999, 5000]);
    expect(alerts.lists("l.a").values[4999]).toBe(4999);
  });

  it("may have no rows", async () => {
    const alerts = await (
      await written("none.parquet", "SELECT 1 AS id, [{'a': 2.5::DOUBLE}] AS l WHERE false")
    ).read(["id", "l.a"]);
    expect(alerts.count).toBe(0);
    expect(alerts.longs("id")).toHaveLength(0);
    expect([...alerts.lists("l.a").offsets]).toEqual([0]);
  });

  it("that is not there, or is none, is told in one line", async () => {
    await written("night.parquet", "SELECT 1 AS id");
    await expect(openAlertFile(join(folder, "nigth.parquet"))).rejects.toThrow(
      /^there is no file .*nigth\.parquet; did you mean night\.parquet\?$/,
    );
    await expect(openAlertFile(import.meta.filename)).rejects.toThrow(
      /alerts\.test\.ts cannot be read as Parquet: /,
    );
  });
});
