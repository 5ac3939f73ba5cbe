import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Row, server } from "./server.ts";

// What users write into requests: ids with more digits than a double holds, misspelt names, values
// that stand for nothing.

const both = server("ztf");
let object: string;
let source: { id: string; object: string };
let zwicky: { candid: string; object: string };

beforeAll(async () => {
  await both.sky.night("2026-10-10", 60);
  await both.sky.night("2026-10-10", 40, "lsst");
  const rows = async (survey: string, sql: string) =>
    await both.sources.query(survey, { places: null, sql }, async (c, q) =>
      (await c.run(q)).getRows(),
    );
  const [[id, of]] = await rows(
    "lsst",
    "SELECT max(_alert)::VARCHAR, max_by(_object, _alert) FROM {sources} WHERE _object <> '0' AND _alert % 128 <> 0",
  );
  source = { id: String(id), object: String(of) };
  object = source.object;
  const [[candid, name]] = await rows(
    "ztf",
    "SELECT max(_alert)::VARCHAR, max_by(_object, _alert) FROM {sources}",
  );
  zwicky = { candid: String(candid), object: String(name) };
}, 590_000);
afterAll(() => both.end());

/** The answer to a body as it is written here: digits and all. */
async function raw(name: string, body: string): Promise<{ status: number; bytes: Buffer }> {
  const response = await both.app.request(`/api/${name}`, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json" },
  });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

async function refused(name: string, given: Row): Promise<string> {
  const response = await both.post(name, given);
  const { error } = (await response.json()) as { error: string };
  expect([response.status, error], JSON.stringify(given)).toEqual([400, expect.any(String)]);
  return error;
}

// `$'` in the text of a replacement stands for what follows the match; DuckDB takes a NUL for the
// end of a statement
test.each(["$'", "$&", "$`", "$$", "\0"])(
  "%s in an id is part of its SQL text and nothing else",
  async (id) => {
    for (const path of [
      "pages/sso/lsst",
      "pages/sso/ztf",
      "pages/object/ztf",
      "pages/object/lsst",
    ]) {
      const { status } = await both.app.request(`/api/${path}/${encodeURIComponent(`a${id}`)}`);
      expect(status, path).toBeLessThan(500);
    }
    for (const body of [{ n_or_d: id }, { objectId: id }]) {
      const { status } = await raw(
        `v1/${"n_or_d" in body ? "sso" : "objects"}`,
        JSON.stringify(body),
      );
      expect(status).toBeLessThan(500);
    }
  },
);

test("each route of our own refuses an argument that it does not know, and names it", async () => {
  type Routes = Record<
    string,
    { get?: { tags?: string[]; parameters?: { name: string; in: string }[] } }
  >;
  const { paths } = (await (await both.app.request("/api/openapi.json")).json()) as {
    paths: Routes;
  };
  const values: Row = {
    survey: "ztf",
    night: "20261010",
    id: zwicky.candid,
    list: "rejected",
    kind: "science",
    query: "SELECT 1",
    ra: 1,
    dec: 2,
    from: 20261010,
    to: 20261010,
  };
  const wrong: string[] = [];
  let asked = 0;
  for (const [path, { get }] of Object.entries(paths)) {
    // whoever watches a service may add an argument that keeps caches away
    if (!get || path === "/healthz" || get.tags?.some((tag) => /fink/i.test(tag))) continue;
    const known = (get.parameters ?? [])
      .filter(({ name, in: where }) => where === "query" && name in values)
      .map(({ name }) => `${name}=${String(values[name])}`);
    const url = `${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "a"))}?${known.join("&")}`;
    // Fink's routes that are not here, files that there are none of
    if (path !== "/api/v1/live" && (await both.app.request(url)).status === 404) continue;
    const response = await both.app.request(`${url}&colour=red`);
    const text = path === "/api/v1/live" && response.ok ? "" : await response.text();
    asked++;
    if (response.status !== 400 || !text.includes("colour"))
      wrong.push(`${path}: ${response.status} ${text.slice(0, 100)}`);
  }
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(20);
});

describe("an id of 19 digits in a JSON body", () => {
  test.each(["sources", "objects", "fp"])(
    "finds the same as a number and as text: %s",
    async (name) => {
      const text = await raw(`v1/lsst/${name}`, `{"diaObjectId": "${object}"}`);
      expect(text.status).toBe(200);
      if (name !== "fp") expect(text.bytes.length).toBeGreaterThan(2);
      expect(await raw(`v1/lsst/${name}`, `{"diaObjectId": ${object}}`)).toEqual(text);
      expect(
        await raw(`v1/${name === "fp" ? "lsst/fp" : name}`, `{"diaObjectId": ${object}}`),
      ).toEqual(text);
    },
  );

  test("gives that alert's image, and never one of an id that only rounds to it", async () => {
    const ask = (id: string | number | bigint) =>
      raw("v1/lsst/cutouts", `{"diaSourceId": ${id}, "kind": "Science", "output-format": "FITS"}`);
    const text = await ask(`"${source.id}"`);
    expect(text.status).toBe(200);
    expect(await ask(source.id)).toEqual(text);
    const near = BigInt(Number(source.id)); // what JSON.parse makes of it
    expect(near).not.toBe(BigInt(source.id));
    expect((await ask(near)).status).toBe(404);
    expect((await ask("1e18")).status).toBe(400);
    const ztf = (id: string) =>
      raw(
        "v1/cutouts",
        `{"objectId": "${zwicky.object}", "candid": ${id}, "kind": "Science", "output-format": "FITS"}`,
      );
    expect((await ztf(zwicky.candid)).status).toBe(200);
    expect((await ztf(String(BigInt(zwicky.candid) + 1n))).status).toBe(404);
  });

  test("is explained by a filter as a number, too", async () => {
    const ask = (id: string) =>
      raw(
        "pages/filters/explain",
        `{"survey": "ztf", "text": "SELECT * FROM alerts WHERE candidate.fid > 0", "alert": ${id}, "night": 20261010}`,
      );
    const text = await ask(`"${zwicky.candid}"`);
    expect(JSON.parse(text.bytes.toString())).toMatchObject({
      problem: null,
      values: expect.arrayContaining([["candidate.fid", expect.any(Number)]]),
    });
    expect(await ask(zwicky.candid)).toEqual(text);
  });

  test("that is too large for one is a wrong argument, not an error of ours", async () => {
    for (const body of [
      '{"diaSourceId": 99999999999999999999999, "kind": "Science"}',
      '{"diaSourceId": 1, "kind": 99999999999999999999}',
    ])
      expect((await raw("v1/lsst/cutouts", body)).status, body).toBe(400);
    expect(
      (await raw("v1/latests", '{"class": 99999999999999999999, "n": 99999999999999999999}'))
        .status,
    ).toBe(400);
    expect(
      (
        await raw(
          "v1/conesearch",
          '{"ra": 99999999999999999999, "dec": 0, "radius": [99999999999999999999]}',
        )
      ).status,
    ).toBe(400);
  });
});

describe("a wrong name is answered with the nearest right one", () => {
  test.each<[string, Row, string, string]>([
    ["objects", { objectId: "x", columns: "i:jd,i:magsf" }, "i:magsf", "i:magpsf"],
    ["objects", { objectId: "x", columns: "jd" }, "jd", "i:jd"],
    ["latests", { class: "Unknown", columns: "i:candidd" }, "i:candidd", "i:candid"],
    ["anomaly", { columns: "d:anomaly_scor" }, "d:anomaly_scor", "d:anomaly_score"],
    ["sso", { n_or_d: "8467", columns: "i:ssnamen" }, "i:ssnamen", "i:ssnamenr"],
    ["tracklet", { date: "2026-10-10", columns: "d:traklet" }, "d:traklet", "d:tracklet"],
    ["conesearch", { ra: 1, dec: 1, radius: 1, columns: "i:objctId" }, "i:objctId", "i:objectId"],
    ["statistics", { date: "2026", columns: "basic:rwa" }, "basic:rwa", "basic:raw"],
    ["lsst/statistics", { date: "2026", columns: "f:alrts" }, "f:alrts", "f:alerts"],
    ["lsst/sources", { diaObjectId: "1", columns: "r:psfFlx" }, "r:psfFlx", "r:psfFlux"],
    ["lsst/objects", { diaObjectId: "1", columns: "r:psfFlux" }, "r:psfFlux", "r:"],
    ["lsst/fp", { diaObjectId: "1", columns: "r:psfFlx" }, "r:psfFlx", "r:psfFlux"],
    ["lsst/tags", { tag: "in_tns", columns: "r:bnd" }, "r:bnd", "r:band"],
    ["lsst/conesearch", { ra: 1, dec: 1, radius: 1, columns: "r:bnd" }, "r:bnd", "r:band"],
  ])("columns: %s %j", async (name, given, wrong, right) => {
    const error = await refused(name, given);
    expect(error).toContain(wrong);
    expect(error).toContain(right);
  });

  test.each<[string, Row, string]>([
    ["objects", { objectId: "x", output_format: "csv" }, "output-format"],
    ["objects", { objectId: "x", withuperlim: true }, "withupperlim"],
    ["objects", { objectId: "x", withupperlim: "yes" }, "true or false"],
    ["sso", { n_or_d: "8467", withcutouts: 1 }, "true or false"],
    ["conesearch", { ra: 1, dec: 1, radius: 1, radus: 2 }, "radius"],
    ["statistics", { date: "", schema: "yes" }, "true or false"],
    ["lsst/cutouts", { diaSourceId: "1", kind: "Science", strech: "log" }, "stretch"],
  ])("arguments: %s %j", async (name, given, right) => {
    expect(await refused(name, given)).toContain(right);
  });

  test("names that Fink's clients send are right", async () => {
    const given = {
      objectId: zwicky.object,
      columns: "i:jd,d:tag,d:snn_snia_vs_nonia,b:cutoutScience_stampData,*",
      withupperlim: "True",
      withcutouts: false,
    };
    expect((await both.rows("objects", given)).length).toBeGreaterThan(0);
    const [night] = await both.rows("statistics", {
      date: "20261010",
      columns: "basic:raw,class:Kilonova candidate",
    });
    expect(night).toMatchObject({ "basic:raw": 60, "class:Kilonova candidate": null });
  });
});

describe("what surveys write where there is none", () => {
  test("is no solar-system object, and no object", async () => {
    for (const name of ["null", "NULL", "nan", "0", "null,none"]) {
      expect(await both.rows("sso", { n_or_d: name }), name).toEqual([]);
      expect(await both.rows("lsst/sso", { n_or_d: name }), name).toEqual([]);
    }
    expect(await both.rows("lsst/sources", { diaObjectId: "0" })).toEqual([]);
    expect(await both.rows("resolver", { resolver: "ssodnet", name: "null", nmax: 1 })).toEqual([]);
    for (const path of ["sso/ztf/null", "sso/lsst/0", "object/lsst/0"])
      expect((await both.app.request(`/api/pages/${path}`)).status, path).toBe(404);
    expect(await refused("tracklet", { id: "" })).toContain("date");
  });

  test("an empty id is a missing argument", async () => {
    for (const name of ["sources", "objects", "fp"]) {
      for (const empty of ["", ",", " , "])
        expect(await refused(`lsst/${name}`, { diaObjectId: empty })).toContain("diaObjectId");
    }
    expect(await refused("objects", { objectId: "," })).toContain("objectId");
    expect(await refused("sso", { n_or_d: "" })).toContain("n_or_d");
  });
});

test("a cone with dates answers rows, in every notation of a date", async () => {
  for (const survey of ["ztf", "lsst"]) {
    for (const dates of [
      { window: 30 },
      { stopdate: "2026-12-01" },
      { window: 1e300 },
      { window: -1 },
      { window: "0.5" },
      {},
    ]) {
      for (const startdate of [
        "2026-09-20",
        "2026-09-20 12:00:00",
        2461300.5,
        61300,
        -1,
        "1e300",
      ]) {
        const given = { ra: 10, dec: 10, radius: 18000, startdate, ...dates };
        const response = await both.post(`${survey}/conesearch`, given);
        expect(
          [200, 400],
          `${survey} ${JSON.stringify(given)}: ${String(both.logged.at(-1))}`,
        ).toContain(response.status);
      }
    }
  }
  expect(both.logged).toEqual([]);
});
