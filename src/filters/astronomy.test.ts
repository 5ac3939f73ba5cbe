import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { available } from "../../test/require.ts";
import { surveySchema } from "../surveys/definition.ts";
import { ColumnTypes, typesOf } from "./columns.ts";
import { emit } from "./emit.ts";
import { type Engine, openEngine } from "./engine.ts";
import { formulas } from "./formulas.ts";
import { parseCondition } from "./parse.ts";

/** 2,000 positions with what astropy says of them. */
const positions = join(import.meta.dirname, "../../../shared/reference/sky/positions.parquet");
const isThere = available(
  "reference",
  existsSync(positions),
  "no ../shared/reference with positions by astropy",
);

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

async function sqlOf(expression: string, relation: string): Promise<string> {
  const columns = new ColumnTypes(
    surveySchema.parse({ name: "x" }),
    await typesOf(engine.connection, relation),
    new Map(),
    () => {},
  );
  return emit(await parseCondition(expression), {
    columns,
    formulas: await formulas(),
    text: expression,
    used: new Map(),
  }).sql;
}

async function valueOf(expression: string, relation = "SELECT 1 AS one"): Promise<number> {
  const result = await engine.connection.runAndReadAll(
    `SELECT ${await sqlOf(expression, relation)} FROM (${relation})`,
  );
  return Number(result.getRows()[0][0]);
}

/**
 * Largest difference over all positions on the sky, in arcsec: of longitudes along their circle of
 * latitude.
 */
async function largestDifference(
  expression: string,
  column: string,
  latitude: string,
): Promise<number> {
  const relation = `SELECT * FROM '${positions}'`;
  const [[largest]] = (
    await engine.connection.runAndReadAll(
      `SELECT 3600 * max(cos(radians(${latitude})) * abs((${await sqlOf(expression, relation)} - ${column} + 540) % 360 - 180)) FROM (${relation})`,
    )
  ).getRows();
  return Number(largest);
}

describe.skipIf(!isThere)("astronomical functions agree with astropy", () => {
  test.each([
    // the pole is that of FK5, which the ICRS lies within 0.03″ of
    ["galactic_l(ra, dec)", "gal_l", "gal_b", 0.05],
    ["galactic_b(ra, dec)", "gal_b", "0", 0.05],
    ["ecliptic_lon(ra, dec)", "ecl_bary_lon", "ecl_bary_lat", 0.2],
    ["ecliptic_lat(ra, dec)", "ecl_bary_lat", "0", 0.2],
  ])("%s", async (expression, column, latitude, arcsec) => {
    expect(await largestDifference(expression, column, latitude)).toBeLessThan(arcsec);
  });
});

test("magnitudes and fluxes are each other's inverse", async () => {
  expect(await valueOf("mag_ab(3631.0e9)")).toBeCloseTo(0, 3); // 3631 Jy is 0 mag
  expect(await valueOf("flux_njy(mag_ab(123.4))")).toBeCloseTo(123.4, 9);
});

test("small and large angles", async () => {
  expect(await valueOf("separation_arcsec(10.0, 60.0, 10.0, 60.0 + 0.001 / 3600)")).toBeCloseTo(
    0.001,
    9,
  );
  expect(await valueOf("separation_arcsec(359.9999, 0.0, 0.0001, 0.0)")).toBeCloseTo(0.72, 9);
  expect(await valueOf("separation_arcsec(0.0, 90.0, 123.0, -90.0)")).toBeCloseTo(180 * 3600, 6);
});
