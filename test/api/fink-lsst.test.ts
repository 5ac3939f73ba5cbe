import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromParquet } from "../../src/lake/parquet.ts";
import { formatSexagesimal } from "../../src/web/format.ts";
import { alertsFolder, hasReference } from "../archive/reference.ts";
import type { SimulatedLake } from "./lake.ts";
import { type Row, server } from "./server.ts";

const folders = ["spark_v9_raw14", "spark_v9_fink37", "wire"].map((name) =>
  join(alertsFolder, "lsst", name),
);
const lakes = [
  { kind: "synthetic", fill: (sky: SimulatedLake) => sky.night("2026-10-10", 100) },
  {
    kind: "real",
    fill: (sky: SimulatedLake) => sky.take(folders, join(alertsFolder, "lsst/schemas")),
  },
].filter(({ kind }) => kind === "synthetic" || hasReference);

describe.each(lakes)("LSST, $kind alerts", { timeout: 120_000 }, ({ kind, fill }) => {
  const lsst = server("lsst");
  const sql = async (text: string) =>
    await lsst.sources.query("lsst", { places: null, sql: text }, async (c, q) =>
      (await c.run(q)).getRowObjectsJson(),
    );
  let ids: string[] = [];
  let position: Row = {};

  beforeAll(async () => {
    await fill(lsst.sky);
    const rows = await sql(
      "SELECT _object, any_value(_ra) AS ra, any_value(_dec) AS dec FROM {sources} WHERE _object <> '0' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 3",
    );
    ids = rows.map((row) => String(row._object));
    [position] = rows;
  }, 400_000);
  afterAll(() => lsst.end());

  test("the bare path is LSST's where the arguments are; sources and objects of ids of 64 bits", async () => {
    const sources = await lsst.rows("sources", { diaObjectId: ids[0] });
    expect(sources[0]).toMatchObject({
      "r:band": expect.any(String),
      "r:psfFlux": expect.any(Number),
    });
    const text = await (await lsst.post("objects", { diaObjectId: ids.join(",") })).text();
    expect(JSON.parse(text)).toHaveLength(ids.length);
    expect(text).toContain(`"r:diaObjectId":${ids[0]}`);
    expect(
      await lsst.rows("sources", {
        diaObjectId: ids[0],
        midpointMjdTai: String(sources[0]["r:midpointMjdTai"]),
      }),
    ).toHaveLength(1);
    expect((await lsst.post("fp", { diaObjectId: ids[0] })).status).toBe(200);
  });

  test("conesearch: dates need their column", async () => {
    const given = { ra: position.ra, dec: position.dec, radius: 5 };
    const rows = await lsst.rows("lsst/conesearch", given);
    expect(rows.length).toBeGreaterThan(0);
    expect(
      Object.keys((await lsst.rows("conesearch", { ...given, columns: "r:diaObjectId" }))[0]),
    ).toHaveLength(5);
    const response = await lsst.post("conesearch", {
      ...given,
      columns: "r:diaObjectId",
      startdate: 60000,
    });
    expect([response.status, ((await response.json()) as Row).text]).toEqual([
      400,
      "You need to specify f:firstDiaSourceMjdTaiFink in the columns to filter on dates.\n",
    ]);
  });

  test("conesearch: an alert without an object is a row of its own", async () => {
    const alone = await sql(
      "SELECT _ra AS ra, _dec AS dec FROM {sources} WHERE coalesce(_object, '0') IN ('0', '')",
    );
    if (kind === "synthetic") expect(alone.length).toBeGreaterThan(1);
    const [{ ra, dec } = { ra: 0, dec: 0 }] = alone;
    const radians = (degrees: unknown) => (Number(degrees) * Math.PI) / 180;
    const isNear = (one: Row) => {
      const [a, d] = [radians(one.ra) - radians(ra), radians(one.dec)];
      const cos =
        Math.sin(d) * Math.sin(radians(dec)) + Math.cos(d) * Math.cos(radians(dec)) * Math.cos(a);
      return Math.acos(Math.min(1, cos)) < radians(5);
    };
    const rows = await lsst.rows("lsst/conesearch", { ra, dec, radius: 18_000, n: 10_000 });
    const found = rows.filter((row) => String(row["r:diaObjectId"] ?? 0) === "0");
    expect(found).toHaveLength(alone.filter(isNear).length);
  });

  test("every column is in the schema of its endpoint, and the reverse; formats agree; several notations of a position", async () => {
    const [row] = await lsst.rows("sources", { diaObjectId: ids[0] });
    const schema = (await (
      await lsst.post("schema", { endpoint: "/api/v1/sources" })
    ).json()) as Record<string, Row>;
    const known = Object.entries(schema).flatMap(([title, fields]) =>
      Object.keys(fields).map((name) => `${/\((.:)\)/.exec(title)?.[1]}${name}`),
    );
    expect(Object.keys(row).toSorted()).toEqual(known.toSorted());
    const csv = await (
      await lsst.post("sources", { diaObjectId: ids.join(","), "output-format": "csv" })
    ).text();
    expect(csv.trim().split("\n")).toHaveLength(
      (await lsst.rows("sources", { diaObjectId: ids.join(",") })).length + 1,
    );
    const near = async (ra: unknown, dec: unknown) =>
      (await lsst.rows("lsst/conesearch", { ra, dec, radius: 5 })).map(
        (one) => one["r:diaObjectId"],
      );
    const [hours, degrees] = formatSexagesimal(Number(position.ra), Number(position.dec))
      .replace("−", "-")
      .split(" ");
    const letters = (text: string, first: string) =>
      text.replace(":", first).replace(":", "m").concat("s");
    const found = await near(position.ra, position.dec);
    expect(await near(hours, degrees)).toEqual(found);
    expect(await near(letters(hours, "h"), letters(degrees, "d"))).toEqual(found);
    expect(await lsst.rows("sso", { n_or_d: "no such body" })).toEqual([]);
    expect(await lsst.rows("sources", { diaObjectId: ids[0].slice(0, -1) })).toEqual([]);
  });

  test("tags: the newest that a filter took, in every format", async () => {
    const own = join(lsst.sky.lake, "../filters/lsst");
    mkdirSync(own, { recursive: true });
    writeFileSync(
      join(own, "mine.sql"),
      "-- description: Those I want\n\nSELECT diaSourceId FROM alerts WHERE diaSource.snr > 1e9\n",
    );
    expect(await (await lsst.app.request("/api/v1/tags")).json()).toHaveProperty(
      "mine.description",
      "Those I want",
    );
    expect(await lsst.rows("tags", { tag: "mine" })).toEqual([]);
    const { code, output } = await lsst.sky.fink(["start", "filter", "--once"]);
    expect(code, output).toBe(0);
    const [{ tag, n }] = await (
      await lsst.post("sql", {
        query:
          "SELECT filter AS tag, count(*)::INT AS n FROM lsst.matches GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1",
      })
    ).json();
    for (const wanted of [1, 10, 50])
      expect(await lsst.rows("tags", { tag, n: wanted })).toHaveLength(Math.min(wanted, n));
    const given = { tag, n: 10, columns: "r:ra,r:dec" };
    const rows = await lsst.rows("tags", given);
    const csv = (await (await lsst.post("tags", { ...given, "output-format": "csv" })).text())
      .trim()
      .split("\n");
    expect(csv.slice(1).map((line) => line.split(",").map(Number))).toEqual(
      rows.map((row) => csv[0].split(",").map((name) => row[name])),
    );
    const parquet = fromParquet(
      new Uint8Array(
        await (await lsst.post("tags", { ...given, "output-format": "parquet" })).arrayBuffer(),
      ),
    );
    expect(parquet.toArray().map((row) => row["r:ra"])).toEqual(rows.map((row) => row["r:ra"]));
  });

  test("cutouts by diaSourceId", async () => {
    const text = await (
      await lsst.post("sources", {
        diaObjectId: ids[0],
        columns: "r:diaSourceId",
        "output-format": "csv",
      })
    ).text();
    const id = text.split("\n")[1].split(",").at(-1)!;
    expect(
      (await lsst.post("cutouts", { diaSourceId: id, kind: "Science" })).headers.get(
        "content-type",
      ),
    ).toBe("image/png");
    const array = (await (
      await lsst.post("cutouts", { diaSourceId: id, kind: "Science", "output-format": "array" })
    ).json()) as Record<string, number[][]>;
    expect(array["b:cutoutScience"][0].length).toBe(array["b:cutoutScience"].length);
  });

  test("statistics per night; schema per endpoint; tags by name", async () => {
    const counts = await sql(
      'SELECT _night AS "f:night", count(*)::INT AS "f:alerts" FROM {sources} GROUP BY 1 ORDER BY 1',
    );
    expect(await lsst.rows("lsst/statistics", { date: "", columns: "f:night,f:alerts" })).toEqual(
      counts,
    );
    const night = counts.at(-1)!;
    expect(
      await lsst.rows("lsst/statistics", {
        date: String(night["f:night"]),
        columns: "f:night,f:alerts",
      }),
    ).toEqual([night]);
    expect(
      await (await lsst.post("schema", { endpoint: "/api/v1/sources" })).json(),
    ).toHaveProperty(["Rubin original fields (r:)", "psfFlux", "type"], "double");
    expect((await lsst.post("schema", { endpoint: "/api/v1/x" })).status).toBe(404);
    expect((await lsst.app.request("/api/v1/tags")).status).toBe(200);
    expect(await (await lsst.app.request("/api/v1/tags")).json()).toHaveProperty(
      "in_tns.API support",
      true,
    );
    expect((await lsst.post("tags", { tag: "no_such_tag" })).status).toBe(400);
    expect(lsst.logged).toEqual([]);
  });
});
