import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { project } from "../cli/run.ts";
import { available } from "../require.ts";
import { countAgreement, emptyAgreement } from "./agreement.ts";
import { expectFidelity, fidelityOf } from "./fidelity.ts";
import {
  apparentFlux,
  apparentMagnitude,
  type Difference,
  isSourceBehind,
  magnitudeOfNanojansky,
  type Measurement,
  snanaFlux,
  toJansky,
} from "../../src/science/modules/photometry.ts";

const path = join(project, "../shared/reference/science/expected/photometry.json");
const hasReference = available(
  "reference",
  existsSync(path),
  "Fink's photometry: there is no ../shared/reference",
);

interface Reference {
  readonly ztf: readonly Readonly<Record<string, unknown>>[];
  readonly flux_nJy: readonly {
    readonly flux_nJy: number;
    readonly flux_to_apparent_mag: unknown;
  }[];
  readonly is_source_behind: readonly { readonly distnr: number; readonly out: boolean }[];
}

describe.skipIf(!hasReference)("photometry of fink_utils", () => {
  const reference: Reference = hasReference
    ? (JSON.parse(readFileSync(path, "utf8")) as Reference)
    : { ztf: [], flux_nJy: [], is_source_behind: [] };

  it("agrees on 400 differences", async () => {
    const agreement = emptyAgreement();
    for (const row of reference.ztf) {
      const [magpsf, sigmapsf, magnr, sigmagnr] = ["magpsf", "sigmapsf", "magnr", "sigmagnr"].map(
        (name) => Number(row[name]),
      );
      const difference: Difference = {
        magpsf,
        sigmapsf,
        magnr,
        sigmagnr,
        isdiffpos: row.isdiffpos as string,
      };
      const found: [string, Measurement][] = [
        ["dc_mag", apparentMagnitude(difference)],
        ["apparent_flux", apparentFlux(difference)],
        ["apparent_flux_Jy", toJansky(apparentFlux(difference))],
        ["fluxcal_snana", snanaFlux(magpsf, sigmapsf)],
      ];
      for (const [name, { value, error }] of found) {
        countAgreement(agreement, name, value, (row[name] as unknown[])[0]);
        countAgreement(agreement, `error of ${name}`, error, (row[name] as unknown[])[1]);
      }
    }
    expect(agreement.differing).toEqual([]);
    expect(agreement.compared).toBe(3200);
    await expectFidelity("photometry", [
      fidelityOf(
        {
          survey: "ztf",
          module: "photometry_ztf",
          columns: "dc_mag, apparent_flux, fluxcal and errors",
        },
        agreement,
      ),
    ]);
  });

  it("agrees on nanojansky and on what lies beneath", () => {
    const agreement = emptyAgreement();
    for (const row of reference.flux_nJy)
      countAgreement(
        agreement,
        "mag",
        magnitudeOfNanojansky(row.flux_nJy),
        row.flux_to_apparent_mag,
      );
    expect(agreement.differing).toEqual([]);
    for (const { distnr, out } of reference.is_source_behind)
      expect(isSourceBehind(distnr)).toBe(out);
  });
});
