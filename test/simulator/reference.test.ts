import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packetsOf, type SimulationOptions } from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";
import { schemaFor } from "../../src/simulator/packets/schemas.ts";
import { alertsFolder, hasReference } from "../archive/reference.ts";
import { available } from "../require.ts";

const python = process.env["FINK_PYTHON"] ?? "";
const hasPython = available(
  "python",
  python !== "",
  "simulated against real alerts: FINK_PYTHON names no Python with fastavro and numpy",
);

interface Percentiles {
  readonly n: number;
  readonly median: number;
  readonly p90: number;
}

type Sample = Readonly<Record<string, Percentiles>>;
type Comparison = Readonly<
  Record<"ztf" | "lsst", { readonly real: Sample; readonly simulated: Sample }>
>;

// ZTF: the 182 alerts of two nights (schema 4.02 through Fink's quality cuts), packet sizes of the
// 27 packets with forced photometry as sent. LSST: the 34 real alerts of schema 9.0, all of the
// survey's first nights; sizes without the schema, which a message does not carry.
const ztf: SimulationOptions = {
  survey: "ztf",
  schema: "4.02",
  nights: ["2023-10-17", "2023-10-18"],
  alerts: 1500,
  seed: 1,
  rates: {},
};
const lsst: SimulationOptions = {
  survey: "lsst",
  schema: "9.0",
  nights: ["2026-02-27", "2026-03-01"],
  alerts: 600,
  seed: 1,
  rates: {},
};

describe.skipIf(!hasReference || !hasPython)("simulated alerts beside real ones", () => {
  let folder = "";
  let compared: Comparison;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "fink-compare-"));
    for (const options of [ztf, lsst]) {
      mkdirSync(join(folder, options.survey));
      for (const batch of simulateHere(options)) {
        let i = 0;
        for (const bytes of packetsOf(batch))
          writeFileSync(
            join(
              folder,
              options.survey,
              `${batch.alertIds[i++]}.${options.survey === "ztf" ? "avro" : "bin"}`,
            ),
            bytes,
          );
      }
    }
    writeFileSync(join(folder, "lsst.avsc"), schemaFor("lsst").text);
    compared = JSON.parse(
      execFileSync(python, [join(import.meta.dirname, "compare.py"), alertsFolder, folder], {
        maxBuffer: 1 << 24,
      }).toString(),
    ) as Comparison;
    for (const survey of ["ztf", "lsst"] as const) console.log(tableOf(survey, compared[survey]));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(["ztf", "lsst"] as const)(
    "have the distributions of %s within 20 % in median and 90th percentile",
    (survey) => {
      const { real, simulated } = compared[survey];
      for (const [name, { n, median, p90 }] of Object.entries(real)) {
        if (n < fewest || simulated[name].n < fewest || name === "snr") continue;
        const about = (value: number): string => `${name}: ${value}`;
        expect(Math.abs(simulated[name].median - median), about(median)).toBeLessThanOrEqual(
          allowed(name, median),
        );
        expect(Math.abs(simulated[name].p90 - p90), about(p90)).toBeLessThanOrEqual(
          allowed(name, p90),
        );
      }
    },
  );
});

/**
 * Percentiles of fewer alerts say nothing. LSST's 34 come from one deep field and one visit through
 * clouds: no simulated visit is as faint, and how steep their SNR falls is theirs.
 */
const fewest = 15;

/** A fifth; of a count at least one. */
function allowed(name: string, value: number): number {
  return Math.max(0.2 * Math.abs(value), name.startsWith("prv") ? 1 : 0);
}

function tableOf(survey: string, { real, simulated }: Comparison["ztf"]): string {
  const number = (value: number): string => value.toPrecision(4).padStart(10);
  const lines = Object.keys(real).map((name) => {
    const [r, s] = [real[name], simulated[name]];
    return `${name.padEnd(22)}${String(r.n).padStart(6)}${number(r.median)}${number(r.p90)}${String(s.n).padStart(8)}${number(s.median)}${number(s.p90)}${r.n < fewest || s.n < fewest || name === "snr" ? "  (not compared)" : ""}`;
  });
  return [
    `${survey.padEnd(22)}  real    median       p90    sim.    median       p90`,
    ...lines,
  ].join("\n");
}
