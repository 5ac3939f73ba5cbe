import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readArea } from "../../src/filters/places/area.ts";
import { readWatchlist } from "../../src/filters/places/watchlist.ts";
import { run } from "../cli/run.ts";
import { available } from "../require.ts";

/** Files and answers of mocpy and astropy. */
const script = `
import json, sys
import numpy as np
import astropy.units as u
from astropy.coordinates import SkyCoord, Longitude, Latitude
from astropy.table import Table
from mocpy import MOC
folder = sys.argv[1]
rng = np.random.default_rng(1)
ra, dec = rng.uniform(0, 360, 20000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20000)))
moc = MOC.from_cone(Longitude(120 * u.deg), Latitude(-40 * u.deg), radius=30 * u.deg, max_depth=9)
moc.save(folder + "/moc.fits", format="fits")
moc.save(folder + "/moc.json", format="json")
lonlat = SkyCoord(ra, dec, unit="deg")
separation = lonlat.separation(SkyCoord(120, -40, unit="deg")).deg
json.dump({"ra": ra.tolist(), "dec": dec.tolist(), "inMoc": moc.contains_lonlat(lonlat.ra, lonlat.dec).tolist(), "sky": moc.sky_fraction, "separation": separation.tolist()}, open(folder + "/answers.json", "w"))
Table({"RAJ2000": ra[:50] * u.deg, "DEJ2000": dec[:50] * u.deg, "radius": np.full(50, 3.0)}).write(folder + "/list.vot", format="votable")
`;

const python = process.env.FINK_PYTHON ?? "python3";
const probe = await run(python, ["-c", "import mocpy, astropy"]).catch(() => null);
const hasPython = available(
  "python",
  probe?.code === 0,
  `${python} has no mocpy and astropy: coverage maps and watch lists of theirs are not read`,
);

describe.skipIf(!hasPython)("files that mocpy and astropy write", () => {
  const folder = mkdtempSync(join(tmpdir(), "fink-places-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let answers: { ra: number[]; dec: number[]; inMoc: boolean[]; sky: number; separation: number[] };
  beforeAll(async () => {
    const { code, stderr } = await run(python, ["-c", script, folder]);
    expect(code, stderr).toBe(0);
    answers = JSON.parse(readFileSync(join(folder, "answers.json"), "utf8")) as typeof answers;
  });

  it.each(["moc.fits", "moc.json"])("%s holds the positions that mocpy says", (name) => {
    const area = readArea(join(folder, name));
    expect(area.partOfSky).toBeCloseTo(answers.sky, 12);
    expect(answers.ra.map((ra, i) => area.contains(ra, answers.dec[i]))).toEqual(answers.inMoc);
  });

  it("a VOTable of positions is a watch list", async () => {
    const list = await readWatchlist(join(folder, "list.vot"));
    const alerts = {
      ra: Float64Array.from(answers.ra.slice(0, 100)),
      dec: Float64Array.from(answers.dec.slice(0, 100), (dec) => dec + 2.9 / 3600),
    };
    expect([...list.mask(alerts, Array(100).fill(null))]).toEqual(
      Array.from({ length: 100 }, (_, i) => Number(i < 50)),
    );
  });
});
