import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testFilter } from "../../src/api/pages/filter-lab.ts";
import { FilterShelf } from "../../src/api/pages/filter-shelf.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { Sources } from "../../src/serving/sources.ts";
import { filterLakes, fink, rows } from "./lakes.ts";

const { lakeWith } = filterLakes();

const nearStars = `export default {
  description: "near a star of the catalogue", needs: ["candidate.ra", "candidate.dec"], catalogues: ["stars"], quality: "all",
  async select(alerts, { catalogue }) {
    const { ra } = await catalogue("stars");
    return Uint8Array.from(alerts.numbers("candidate.ra"), (one) => Number(ra.some((star) => Math.abs(star - one) < 1e-9)));
  },
};`;

it(
  "the page's lab runs a .ts filter that looks into a catalogue, as the command line does",
  { timeout: 120_000 },
  async () => {
    const lake = lakeWith("page-lab", { "near_stars.ts": nearStars });
    const [[ra, dec]] = await rows(
      lake,
      "SELECT candidate.ra, candidate.dec FROM ztf.alerts LIMIT 1",
    );
    writeFileSync(join(lake, "stars.csv"), `name,ra,dec\nfirst,${String(ra)},${String(dec)}\n`);
    const added = await fink(lake, [
      "catalog",
      "add",
      join(lake, "stars.csv"),
      "--name",
      "stars",
      "--ra",
      "ra",
      "--dec",
      "dec",
      "--keep",
      "name",
      "--radius",
      "2",
    ]);
    expect(added).toMatchObject({ code: 0 });
    const config = configSchema.parse({ lake });
    const surveys = surveysOf(config);
    const folders = { folder: join(lake, "filters"), shipped: false, science: config.science };
    const pageLake = new PageLake(lake, surveys, folders, new Sources(lake, surveys));
    const { filter, row } = (await new FilterShelf(pageLake).named("ztf", "near_stars"))!;
    expect(row.problem).toBe("");
    const tested = await testFilter(pageLake, "ztf", filter!, 1);
    expect([tested.problem, tested.nights[0]?.selected]).toEqual([null, 1]);
    expect((await fink(lake, ["filter", "test", "near_stars"])).output).toMatch(/\b1\b/);
  },
);
