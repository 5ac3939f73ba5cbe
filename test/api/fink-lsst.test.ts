import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Row, server } from "./server.ts";

describe("LSST", { timeout: 120_000 }, () => {
  const lsst = server("lsst");
  let ids: string[] = [];
  let position: Row = {};

  beforeAll(async () => {
    await lsst.sky.night("2026-10-10", 100);
    const sql = "SELECT _object, any_value(_ra) AS ra, any_value(_dec) AS dec FROM {sources} WHERE _object <> '0' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 3";
    const rows = await lsst.sources.query("lsst", { places: null, sql }, async (c, q) => (await c.run(q)).getRowObjectsJson());
    ids = rows.map((row) => String(row._object));
    [position] = rows;
  }, 400_000);
  afterAll(() => lsst.end());

  test("the bare path is LSST's where the arguments are; sources and objects of ids of 64 bits", async () => {
    const sources = await lsst.rows("sources", { diaObjectId: ids[0] });
    expect(sources[0]).toMatchObject({ "r:band": expect.any(String), "r:psfFlux": expect.any(Number) });
    const text = await (await lsst.post("objects", { diaObjectId: ids.join(",") })).text();
    expect(JSON.parse(text)).toHaveLength(ids.length);
    expect(text).toContain(`"r:diaObjectId":${ids[0]}`);
    expect(await lsst.rows("sources", { diaObjectId: ids[0], midpointMjdTai: String(sources[0]["r:midpointMjdTai"]) })).toHaveLength(1);
    expect((await lsst.post("fp", { diaObjectId: ids[0] })).status).toBe(200);
  });

  test("conesearch: dates need their column", async () => {
    const given = { ra: position.ra, dec: position.dec, radius: 5 };
    const rows = await lsst.rows("lsst/conesearch", given);
    expect(rows.length).toBeGreaterThan(0);
    expect(Object.keys((await lsst.rows("conesearch", { ...given, columns: "r:diaObjectId" }))[0])).toHaveLength(5);
    const response = await lsst.post("conesearch", { ...given, columns: "r:diaObjectId", startdate: 60000 });
    expect([response.status, ((await response.json()) as Row).text]).toEqual([
      400,
      "You need to specify f:firstDiaSourceMjdTaiFink in the columns to filter on dates.\n",
    ]);
  });

  test("cutouts by diaSourceId", async () => {
    const text = await (await lsst.post("sources", { diaObjectId: ids[0], columns: "r:diaSourceId", "output-format": "csv" })).text();
    const id = text.split("\n")[1].split(",").at(-1)!;
    expect((await lsst.post("cutouts", { diaSourceId: id, kind: "Science" })).headers.get("content-type")).toBe("image/png");
    const array = (await (await lsst.post("cutouts", { diaSourceId: id, kind: "Science", "output-format": "array" })).json()) as Record<string, number[][]>;
    expect(array["b:cutoutScience"][0].length).toBe(array["b:cutoutScience"].length);
  });

  test("statistics per night; schema per endpoint; tags by name", async () => {
    expect(await lsst.rows("lsst/statistics", { date: "2026", columns: "f:night,f:alerts" })).toEqual([{ "f:night": expect.any(Number), "f:alerts": 100 }]);
    expect(await (await lsst.post("schema", { endpoint: "/api/v1/sources" })).json()).toHaveProperty(
      ["Rubin original fields (r:)", "psfFlux", "type"],
      "double",
    );
    expect((await lsst.post("schema", { endpoint: "/api/v1/x" })).status).toBe(404);
    expect((await lsst.app.request("/api/v1/tags")).status).toBe(200);
    expect((await lsst.post("tags", { tag: "no_such_tag" })).status).toBe(400);
    expect(lsst.logged).toEqual([]);
  });
});
