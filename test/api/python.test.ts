import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LakeReader } from "../../src/api/lake-reader.ts";
import { type RunningServer, startServer } from "../../src/api/server.ts";
import { available } from "../require.ts";
import { server, surveys } from "./server.ts";

// What Fink's users have in their notebooks: it works when the host is changed.

const python = process.env["FINK_PYTHON"] ?? "";
const isThere = available(
  "python",
  existsSync(python),
  "scripts of Fink's users: FINK_PYTHON names no Python with requests and pandas",
);
const run = promisify(execFile);

const prelude = `
import io, json, sys
import pandas as pd, requests
HOST = sys.argv[1]
def post(route, **given):
    r = requests.post(HOST + "/api/v1/" + route, json=given)
    assert r.status_code == 200, (route, r.status_code, r.text[:300])
    return r
`;

describe.skipIf(!isThere).each(["ztf", "lsst"] as const)(
  "a script for %s",
  { timeout: 120_000 },
  (survey) => {
    const fink = server(survey);
    let running: RunningServer;
    /** An object, an alert of it, and where. */
    let known: readonly [object: string, alert: bigint, ra: number, dec: number];

    beforeAll(async () => {
      await fink.sky.night("2026-10-10", 60);
      const view = new LakeReader(fink.sky.lake, surveys, fink.sources);
      running = await startServer({
        host: "127.0.0.1",
        port: 0,
        lake: fink.sky.lake,
        view,
        sources: fink.sources,
        pages: "",
        logError: () => {},
      });
      const sql =
        "SELECT _object, _alert, _ra, _dec FROM {sources} WHERE _object NOT IN ('0', 'null') ORDER BY _mjd DESC LIMIT 1";
      [known] = (await fink.sources.query(survey, { places: null, sql }, async (c, q) =>
        (await c.run(q)).getRows(),
      )) as unknown as [typeof known];
    }, 400_000);
    afterAll(async () => {
      await running?.close();
      await fink.end();
    });

    async function answer(script: string): Promise<unknown> {
      const { stdout } = await run(python, [
        "-c",
        prelude + script,
        running.url,
        known[0],
        String(known[1]),
        String(known[2]),
        String(known[3]),
      ]);
      return JSON.parse(stdout);
    }

    const names = {
      ztf: ["objects", "objectId", "i:candid", "i:jd"],
      lsst: ["sources", "diaObjectId", "r:diaSourceId", "r:midpointMjdTai"],
    }[survey];
    const [route, id, alert, time] = names;

    test("alerts of an object in every format: ids of 64 bits have all their digits in pandas", async () => {
      const found = await answer(`
from astropy.table import Table
ids = {}
given = {"${id}": sys.argv[2]}
j = pd.read_json(io.BytesIO(post("${route}", **given).content))
ids["json"] = [str(v) for v in j["${alert}"]]
c = pd.read_csv(io.BytesIO(post("${route}", **given, **{"output-format": "csv"}).content))
ids["csv"] = [str(v) for v in c["${alert}"]]
p = pd.read_parquet(io.BytesIO(post("${route}", **given, **{"output-format": "parquet"}).content))
ids["parquet"] = [str(v) for v in p["${alert}"]]
v = Table.read(io.BytesIO(post("${route}", **given, **{"output-format": "votable"}).content), format="votable")
ids["votable"] = [str(x) for x in v["${alert.replace(":", "_")}"]]
two = pd.read_json(io.BytesIO(post("${route}", **given, columns="${alert},${time}").content))
print(json.dumps({"ids": ids, "columns": sorted(two.columns), "type": str(j["${alert}"].dtype)}))`);
      const { ids, columns, type } = found as {
        ids: Record<string, string[]>;
        columns: string[];
        type: string;
      };
      expect(ids["json"]).toContain(String(known[1]));
      for (const format of ["csv", "parquet", "votable"]) expect(ids[format]).toEqual(ids["json"]);
      expect([columns, type]).toEqual([[alert, time].toSorted(), "int64"]);
    });

    test("around a place, and an image as an array", async () => {
      const given =
        survey === "ztf" ? `objectId=sys.argv[2], candid=sys.argv[3]` : `diaSourceId=sys.argv[3]`;
      const found = await answer(`
import numpy as np
r = post("${survey}/conesearch", ra=float(sys.argv[4]), dec=float(sys.argv[5]), radius=5)
cone = pd.read_json(io.BytesIO(r.content))
image = post("cutouts", kind="Science", **{"output-format": "array"}, **dict(${given})).json()
wrong = requests.post(HOST + "/api/v1/conesearch", json={"ra": "kfdlkj", "dec": 1, "radius": 1})
print(json.dumps({"nearest": float(cone["v:separation_degree"].min()), "shape": np.array(list(image.values())[0], dtype=float).shape, "wrong": [wrong.status_code, wrong.json()["status"]]}))`);
      const [side] = (found as { shape: number[] }).shape;
      if (survey === "ztf") expect(side).toBe(63); // LSST's differ
      expect(found).toEqual({
        nearest: expect.closeTo(0, 3),
        shape: [side, side],
        wrong: [400, "error"],
      });
    });
  },
);
