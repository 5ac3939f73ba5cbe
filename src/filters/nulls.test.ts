import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeData, makeVector, Null, Table, Vector } from "apache-arrow";
import { toParquet } from "../lake/parquet.ts";
import { surveySchema } from "../surveys/definition.ts";
import { ColumnTypes, typesOf } from "./columns.ts";
import { compile } from "./compile.ts";
import { type Engine, openEngine } from "./engine.ts";
import { addedColumns } from "./file-alerts.ts";
import { FunctionProcess } from "./function-process.ts";
import { loadFilter } from "./load.ts";
import { withNullTypes } from "./null-types.ts";
import { runFilters } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-nulls-"));
let engine: Engine;
beforeAll(async () => void (engine = await openEngine()));
afterAll(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const options = {
  seconds: 5,
  functions: new FunctionProcess(""),
};

const survey = surveySchema.parse({
  name: "ztf",
  alert: "id",
  object: "object",
  history: { forced: "forced" },
  solarSystem: "source.body",
  none: [
    { values: [0], fields: ["source.parent", "history.parent"] },
    { values: [-999], fields: ["source.distance"] },
    { values: ["null", ""], fields: ["source.body"] },
  ],
});

/** Row 0 has NaN, row 1 numbers, row 2 the values that stand for none, row 3 nulls. */
const alerts = `SELECT * FROM (VALUES
  (10, {'flux': 'nan'::FLOAT, 'other': 'nan'::DOUBLE, 'parent': 7::BIGINT, 'count': 0, 'distance': 0.0, 'body': 'Ceres'}, [{'parent': 0::BIGINT, 'flux': 'nan'::DOUBLE}]),
  (11, {'flux': 5000::FLOAT, 'other': 1.0::DOUBLE, 'parent': 8::BIGINT, 'count': 3, 'distance': 4.0, 'body': 'Vesta'}, [{'parent': 3::BIGINT, 'flux': 2.0}]),
  (12, {'flux': 0::FLOAT, 'other': -1.0::DOUBLE, 'parent': 0::BIGINT, 'count': 0, 'distance': -999.0, 'body': 'null'}, []),
  (13, {'flux': NULL, 'other': NULL, 'parent': NULL, 'count': NULL, 'distance': NULL, 'body': NULL}, NULL)) AS t(id, source, history)`;

async function columnsOf(relation: string): Promise<ColumnTypes> {
  return new ColumnTypes(survey, await typesOf(engine.connection, relation), new Map(), () => {});
}

async function rowsOf(
  where: string,
  relation = alerts,
  columns?: ColumnTypes,
): Promise<readonly number[]> {
  const file = join(folder, "mine.sql");
  writeFileSync(file, `SELECT * FROM alerts WHERE ${where}`);
  const types = columns ?? (await columnsOf(relation));
  const filter = await compile(await loadFilter(file, "ztf"), types, engine.connection, false);
  const [outcome] = await runFilters(engine, { columns: types, relation }, [filter], options);
  if ("failure" in outcome) throw new Error(outcome.failure);
  return outcome.rows;
}

describe("a comparison with NaN is false, as in numpy and pandas:", () => {
  test.each([
    ["source.flux > 1000", [1]],
    ["source.flux >= 1000", [1]],
    ["source.flux < 1000", [2]],
    ["1000 < source.flux", [1]],
    ["1000 <= source.flux", [1]],
    ["source.flux > source.other", [1, 2]],
    ["source.other < source.flux", [1, 2]],
    ["source.flux = source.flux", [1, 2]],
    ["source.flux <> source.flux", [0]],
    ["source.flux <> 5000", [0, 2]],
    ["NOT source.flux > 1000", [0, 2]],
    ["NOT (NOT /* twice */ (source.flux > 1000))", [1]],
    ["NOT (source.flux = 5000)", [0, 2]],
    ["NOT (source.flux > 1000 OR source.flux < 10)", [0]],
    ["source.flux BETWEEN 1 AND 1e30", [1]],
    ["source.count BETWEEN -1 AND source.other", []],
    ["source.flux NOT BETWEEN 1 AND 1e30", [0, 2]],
    ["source.flux IN (source.other, 5000)", [1]],
    ["source.flux NOT IN (source.other, 5000)", [0, 2]],
    ["array_contains(history.flux, source.other)", []],
    ["size(filter(history, h -> h.flux > 1)) = 1", [1]],
    ["size(filter(history, h -> h.flux > source.other)) = 1", [1]],
    ["mag_ab(source.flux) < 30 OR mag_ab(source.flux) >= 30", [1]],
    ["in_cone(source.flux, source.flux, source.other, source.other, 1e9)", [1, 2]],
    ["CASE WHEN source.flux > 1000 THEN 'bright' ELSE 'faint' END = 'faint'", [0, 2, 3]],
    ["source.flux * 2 + 1 > 1000", [1]],
    ["greatest(source.flux, 1) > 1000", [1]],
    ["isnan(source.flux)", [0]],
    ["abs(galactic_b(source.flux, source.other)) >= 0", [1, 2]],
  ])("%s", async (where, rows) => {
    expect(await rowsOf(where)).toEqual(rows);
  });
});

describe("a null test asks the survey's definition, field by field:", () => {
  test.each([
    ["source.parent IS NULL", [2, 3]],
    ["source.parent IS NOT NULL", [0, 1]],
    ["source.distance IS NULL", [2, 3]],
    ["source.body IS NULL", [2, 3]],
    ["coalesce(source.distance, 0) = 0", [0, 2, 3]],
    ["source.body IS NOT DISTINCT FROM NULL", [2, 3]],
    ["source.flux IS NULL", [0, 3]],
    ["source.flux + 1 IS NULL", [0, 3]],
    ["size(filter(history, h -> h.parent IS NULL)) = 1", [0]],
    ["element_at(history, 1).parent IS NOT NULL", [1]],
    // a true 0 in other columns is a value, and so is what stands for none where it is compared
    ["source.count IS NULL", [3]],
    ["source.count = 0", [0, 2]],
    ["source.distance < 0", [2]],
    ["source.flux IS NOT NULL AND source.flux = 0", [2]],
  ])("%s", async (where, rows) => {
    expect(await rowsOf(where)).toEqual(rows);
  });
});

test("the object of a match is the first that has a value", async () => {
  const two = surveySchema.parse({ ...survey, object: ["source.parent", "source.count"] });
  const columns = new ColumnTypes(
    two,
    await typesOf(engine.connection, alerts),
    new Map(),
    () => {},
  );
  const object = columns.value(two.object)!;
  const result = await engine.connection.runAndReadAll(
    `SELECT (${object.sql})::VARCHAR FROM (${alerts}) ORDER BY id`,
  );
  expect(result.getRows().map(([value]) => value)).toEqual(["7", "8", "0", null]);
});

describe("a column that is absent or null throughout is null:", () => {
  let types: ColumnTypes;
  let file: string;
  beforeAll(async () => {
    file = join(folder, "nulls.parquet");
    const none = makeData({ type: new Null(), length: 2 });
    const columns = {
      id: makeVector(BigInt64Array.of(1n, 2n)),
      here: makeVector(Float64Array.of(2.5, 3.5)),
    };
    const table = new Table({
      ...columns,
      source: new Vector([none]),
      history: new Vector([none]),
      features: new Vector([none]),
    });
    writeFileSync(file, toParquet(table.batches[0].data));
    const relation = `SELECT * FROM read_parquet('${file}')`;
    const type = await withNullTypes(
      engine.connection,
      file,
      await typesOf(engine.connection, relation),
    );
    types = new ColumnTypes(survey, type, addedColumns([]), () => {});
  });

  test.each([
    ["features.mean > 1 OR here > 3", [1]],
    ["features.mean IS NULL AND features.mean.deeper IS NULL", [0, 1]],
    ["source.flux > 5", []],
    ["size(filter(history, h -> h.flux > source.flux)) > 0 OR here < 3", [0]],
    ["array_max(transform(history, h -> h.flux + 1)) IS NULL", [0, 1]],
    ["element_at(history, -1).flux IS NULL AND size(history.flux) IS NULL", [0, 1]],
    ["size(array_append(history.flux, here)) = 1", [0, 1]],
    ["aggregate(history.flux, 0.0, (sum, x) -> sum + x) IS NULL", [0, 1]],
    ["features.mean", []],
    ["NOT features.mean", []],
    ["peak_psf_flux(source) IS NULL AND psf_flux_mean(source, features.band) IS NULL", [0, 1]],
    ["NOT coalesce(good_quality(source), false)", [0, 1]],
    // absent, but the definition names it
    ["size(filter(forced, f -> f.flux > 0)) IS NULL", [0, 1]],
    ["object IS NULL", [0, 1]],
  ])("%s", async (where, rows) => {
    expect(await rowsOf(where, `SELECT * FROM read_parquet('${file}')`, types)).toEqual(rows);
  });

  test("a name that nobody knows is still refused", async () => {
    await expect(
      rowsOf("heer > 1", `SELECT * FROM read_parquet('${file}')`, types),
    ).rejects.toThrow("there is no column heer; did you mean here?");
  });
});
