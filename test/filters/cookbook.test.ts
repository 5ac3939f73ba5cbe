import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import { ColumnTypes, typesOf } from "../../src/filters/columns.ts";
import { compile } from "../../src/filters/compile.ts";
import { type Engine, openEngine } from "../../src/filters/engine.ts";
import { addedColumns } from "../../src/filters/file-alerts.ts";
import { FunctionProcess } from "../../src/filters/function-process.ts";
import { loadFilter } from "../../src/filters/load.ts";
import { Places } from "../../src/filters/places/places.ts";
import { runFilters } from "../../src/filters/run.ts";
import { toParquet } from "../../src/lake/parquet.ts";
import { addCatalogue } from "../../src/science/catalogue/add.ts";
import { knownModules } from "../../src/science/registry.ts";
import { sampleColumns } from "../../src/science/sample.ts";
import { loadSurveys } from "../../src/surveys/surveys.ts";
import { project } from "../cli/run.ts";

const cookbook = readFileSync(join(project, "docs/filters-cookbook.md"), "utf8");
const recipes = [
  ...cookbook.matchAll(/^## (\d+)\. ([^\n]+)\n(?:(?!^## ).)*?^```sql\n(.*?)^```/gms),
].map(([, number, title, text]) => ({
  number: Number(number),
  title,
  text,
}));

const sampleCount = 500;
/** Recipes of raw columns that need not find an alert among so few. */
const rare = [4, 10];

const folder = mkdtempSync(join(tmpdir(), "fink-cookbook-"));
const surveys = loadSurveys(join(project, "conf/surveys"));
const columnsOf = new Map<string, { columns: ColumnTypes; relation: string }>();
let engine: Engine;

beforeAll(async () => {
  for (const name of ["watchlists", "areas"]) mkdirSync(join(folder, name));
  engine = await openEngine({
    places: new Places({ watchlists: join(folder, "watchlists"), areas: join(folder, "areas") }),
  });
  writeFileSync(join(folder, "galaxies.csv"), "ra,dec,distance_mpc\n10,20,40\n");
  await addCatalogue(folder, [join(folder, "galaxies.csv")], {
    name: "my_galaxies",
    ra: "ra",
    dec: "dec",
    keep: ["distance_mpc"],
    radiusArcsec: 60,
    motion: null,
  });
  const { modules } = await knownModules({ lake: folder, config: configSchema.parse({}).science });
  for (const name of ["ztf", "lsst"] as const) {
    const file = join(folder, `${name}.parquet`);
    writeFileSync(file, toParquet(sampleColumns(name, sampleCount)));
    const relation = `SELECT * FROM read_parquet('${file}')`;
    // columns of science are null here: models and remote services are not asked
    const own = [...addedColumns(modules.filter((module) => module.surveys.includes(name)))];
    const nulls = new Map(
      own.map(([key, column]) => [key, { ...column, sql: `CAST(NULL AS ${String(column.type)})` }]),
    );
    columnsOf.set(name, {
      relation,
      columns: new ColumnTypes(
        surveys.named(name),
        await typesOf(engine.connection, relation),
        nulls,
        engine.places.check,
      ),
    });
  }
  const [[first, last]] = (
    await engine.connection.runAndReadAll(
      `SELECT min(candidate.ra), arg_min(objectId, candidate.magpsf) FROM (${columnsOf.get("ztf")!.relation})`,
    )
  ).getRows();
  writeFileSync(join(folder, "watchlists/my_stars.csv"), `objectId\n${String(last)}\n`);
  writeFileSync(
    join(folder, "areas/S250206dm.json"),
    JSON.stringify({ cone: { ra: Number(first), dec: 0, radius_deg: 180 } }),
  );
});

afterAll(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("recipes of docs/filters-cookbook.md", () => {
  it("are ten", () =>
    expect(recipes.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));

  it.each(recipes)("%# $title", async ({ number, text }) => {
    const file = join(folder, `recipe_${number}.sql`);
    writeFileSync(file, text);
    const filter = await loadFilter(file, null);
    const { columns, relation } = columnsOf.get(filter.survey)!;
    const compiled = await compile(filter, columns, engine.connection, false);
    const [outcome] = await runFilters(engine, { columns, relation }, [compiled], {
      seconds: 30,
      functions: new FunctionProcess(""),
    });
    expect("failure" in outcome ? outcome.failure : null).toBeNull();
    const isOfScience = compiled.columns.some(({ path }) => columns.added.has(path.toLowerCase()));
    const { length } = "rows" in outcome ? outcome.rows : [];
    if (!isOfScience && !rare.includes(number)) expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(sampleCount / 4);
  });
});
