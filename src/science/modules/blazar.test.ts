import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Table, vectorFromArray } from "apache-arrow";
import { afterAll, expect, it } from "vitest";
import { moduleNamed, rowsOf, setupWith } from "../../../test/science/given.ts";
import { alertOf } from "../../../test/science/light-curve-alert.ts";
import { toParquet } from "../../lake/parquet.ts";
import { ztfPlaces } from "../history.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-blazars-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Its median is that of 18 mag in g and r; low below half of it, high above twice. */
const median = 3631 * 10 ** (-0.4 * 18);
const blazars = {
  ZTF_name: vectorFromArray(["ZTF18monitored"]),
  medians: vectorFromArray([{ 1: median, 2: median }]),
  low_threshold: vectorFromArray(Float64Array.of(0.5)),
  high_threshold: vectorFromArray(Float64Array.of(2)),
};
writeFileSync(join(folder, "blazars.parquet"), toParquet(new Table(blazars).batches[0].data));
const setup = setupWith(folder, { blazars: join(folder, "blazars.parquet") });

/**
 * Without flux in the reference image, so that flux is that of the difference; what came before was
 * in r.
 */
function alert(
  objectId: string,
  mag: number,
  before: readonly (readonly [daysAgo: number, mag: number])[],
  fid = 1,
) {
  const all = [...before, [0, mag] as const];
  const same = <T>(value: T) => all.map(() => value);
  const columns = {
    jd: all.map(([days]) => 2_460_000 - days),
    magpsf: all.map(([, magpsf]) => magpsf),
    fid: [...before.map(() => 2), fid],
  };
  return alertOf(
    {
      objectId,
      ...columns,
      sigmapsf: same(0.1),
      magnr: same(40),
      sigmagnr: same(0.1),
      isdiffpos: same("t"),
    },
    ztfPlaces,
  );
}

const statsOf = async (...given: Parameters<typeof alert>) => {
  const { rows } = await rowsOf(setup, "blazar_stats", alert(...given));
  return Object.values(rows[0]).map((value) =>
    value === null ? null : Number((value as number).toFixed(4)),
  );
};

it("of a blazar that is not monitored nothing is said", async () => {
  expect(await statsOf("ZTF18other", 18, [[1, 18]])).toEqual([-1, -1, -1, -1, -1]);
});

it("flux now, and the mean of 30 and 5 days, over the thresholds", async () => {
  // 1, 1 and 2.5119 medians: mean of 10 days (10 · 1 + 4 · 1.7559) / 14
  expect(
    await statsOf("ZTF18monitored", 17, [
      [40, 10],
      [14, 18],
      [4, 18],
    ]),
  ).toEqual([5.0238, 2.432, 1.2559, 0.878, -1]);
});

it("a low state has no high one, and a share in the data releases that is not computed", async () => {
  expect(await statsOf("ZTF18monitored", 20, [[10, 20]])).toEqual([0.317, 0.317, -1, -1, null]);
});

it("a single measurement has no mean; one in the i band is none", async () => {
  expect(await statsOf("ZTF18monitored", 16, [])).toEqual([12.6191, -1, 3.1548, -1, -1]);
  expect(
    await statsOf(
      "ZTF18monitored",
      16,
      [
        [3, 18],
        [1, 18],
      ],
      3,
    ),
  ).toEqual([Number.NaN, 2, Number.NaN, 0.5, -1]);
});

it("without its file it is off, and says which file it is", async () => {
  const off = setupWith(folder);
  expect(await (await moduleNamed(off, "blazar_stats")).unavailable?.(off)).toMatch(
    /science\.blazars names no file: take CTAO_blazars/,
  );
});
