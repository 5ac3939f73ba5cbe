import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { lsstStatistics, ztfStatistics } from "../../src/science/modules/elephant.ts";
import { randomNumbers } from "../../src/science/modules/power-spectrum.ts";
import { readStamp } from "../../src/science/modules/stamp.ts";
import { openAlertFile } from "../../src/science/parquet.ts";
import { project } from "../cli/run.ts";
import { available } from "../require.ts";
import { countAgreement, emptyAgreement } from "./agreement.ts";
import { expectFidelity, fidelityOf } from "./fidelity.ts";

const folder = join(project, "../shared/reference/science");
const hasReference = available(
  "reference",
  existsSync(folder),
  "Fink's results on real alerts: there is no ../shared/reference",
);

type Expected = Readonly<
  Record<string, { readonly values?: Readonly<Record<string, readonly (number | null)[]>> }>
>;

/**
 * Between statistics of 200 shuffles each: the reference's random numbers are others than ours, and
 * from one seed to the next either changes by 0.01 to 0.1.
 */
const differences = { ztf: [] as number[], lsst: [] as number[] };
/** Of ours from one seed to three others. */
const ownSpread = { ztf: [] as number[], lsst: [] as number[] };
const candidates = { ztf: emptyAgreement(), lsst: emptyAgreement() };

describe.skipIf(!hasReference)("ELEPHANT agrees with fink-science", () => {
  for (const path of globSync(join(folder, "expected/modules/*.json.gz")).sort()) {
    const name = basename(path, ".json.gz");
    it(name, async () => {
      const expected = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Expected;
      const isZtf = !name.includes("lsst");
      const survey = isZtf ? "ztf" : "lsst";
      const wanted =
        (isZtf ? expected.elephant_kstest_base : expected.elephant_kstest_nocuts).values ?? {};
      const [idPath, suffix] = isZtf ? ["candid", ".stampData"] : ["diaSourceId", ""];
      const [sciencePath, templatePath] = [`cutoutScience${suffix}`, `cutoutTemplate${suffix}`];
      const alerts = await (
        await openAlertFile(join(folder, `${name}.parquet`))
      ).read([idPath, sciencePath, templatePath]);
      for (const [i, id] of alerts.longs(idPath).entries()) {
        const statistics = wanted[String(id)];
        if (statistics === undefined) continue;
        const [science, template] = [sciencePath, templatePath].map((stampPath) =>
          readStamp(alerts.bytes(stampPath, i)!),
        );
        const found =
          science &&
          template &&
          (isZtf ? ztfStatistics : lsstStatistics)(science, template, randomNumbers(1));
        const isCandidate = statistics[0] !== null && statistics[0] !== -99;
        countAgreement(
          candidates[survey],
          `${id} is a candidate`,
          Number(found !== null),
          isCandidate,
        );
        if (!found || !isCandidate) continue;
        differences[survey].push(...found.map((value, n) => Math.abs(value - statistics[n]!)));
        const others = [2, 3, 4].map((seed) =>
          (isZtf ? ztfStatistics : lsstStatistics)(science, template, randomNumbers(seed))!,
        );
        ownSpread[survey].push(
          ...found.map((value, n) =>
            Math.max(...others.map((other) => Math.abs(other[n] - value))),
          ),
        );
      }
    });
  }

  it("is as far from noise as the reference, as the page of fidelity says", async () => {
    const all = [...differences.ztf, ...differences.lsst].sort((a, b) => a - b);
    expect(all[all.length >> 1]).toBeLessThan(0.05);
    const rows = (["ztf", "lsst"] as const).map((survey) => {
      const sorted = differences[survey].sort((a, b) => a - b);
      const [median, largest] = [sorted[sorted.length >> 1] ?? 0, sorted[sorted.length - 1] ?? 0];
      expect(candidates[survey].differing).toEqual([]);
      const spread =
        sorted.length === 0
          ? "no candidates"
          : `${sorted.length} statistics off by ${median.toFixed(3)} (median), ${largest.toFixed(3)} at most, where ours move by up to ${Math.max(...ownSpread[survey]).toFixed(3)} with the seed`;
      const note = `candidate or not; the statistics shuffle pixels at random, in the original without a seed: ${spread}`;
      return fidelityOf(
        {
          survey,
          module: `elephant_${survey}`,
          columns: "kstest_science, kstest_template",
          tolerance: null,
          note,
        },
        candidates[survey],
      );
    });
    await expectFidelity("elephant", rows);
  });
});
