import { describe, expect, it } from "vitest";
import { distanceModulus } from "../cosmos/cosmology.ts";
import { transmission } from "../cosmos/dust.ts";
import { abFlux, abMagnitude } from "../photometry.ts";
import { randomStream } from "../random.ts";
import { fieldsOf, isIn, type Patch } from "../survey/fields.ts";
import { type Band, type Telescope, telescopes } from "../survey/telescope.ts";
import { agn } from "./agn.ts";
import { blazar } from "./blazar.ts";
import type { FixedClass, Source } from "./class.ts";
import { kilonova } from "./kilonova.ts";
import { luminousRedNova } from "./luminous_red_nova.ts";
import { superluminous } from "./superluminous.ts";
import { tidalDisruption } from "./tidal_disruption.ts";
import { typeIa } from "./type_ia.ts";
import { typeIbc } from "./type_ibc.ts";
import { typeII } from "./type_ii.ts";
import { typeIIn } from "./type_iin.ts";

const { ztf, lsst } = telescopes;
const events = [
  typeIa,
  typeIbc,
  typeII,
  typeIIn,
  superluminous,
  tidalDisruption,
  kilonova,
  luminousRedNova,
];
const all = [...events, agn, blazar];
const bands: readonly Band[] = ["u", "g", "r", "i", "z", "y"];
const peak = 60000;

/** A field near the galactic pole. */
function clearField(telescope: Telescope): Patch {
  return fieldsOf(telescope).reduce((a, b) => (Math.abs(b.b) > Math.abs(a.b) ? b : a));
}

function drawn(model: FixedClass, telescope: Telescope, n: number): Source[] {
  const [field, random] = [clearField(telescope), randomStream(11, n)];
  return Array.from({ length: n }, () => model.draw(field, telescope, peak, random));
}

/**
 * Of the whole sky and a year (or, of what lasts, a square degree), so many are brighter than that
 * in r.
 */
function brighterThan(
  magnitude: number,
  model: FixedClass,
  telescope: Telescope,
  n = 12000,
): number {
  const field = clearField(telescope);
  const unit = model.lastsDays ? 365.25 * 41253 : 1;
  const share = drawn(model, telescope, n).filter((s) => s.truth.magnitude < magnitude).length / n;
  return (share * unit * model.density(field, telescope)) / field.areaSquareDegrees;
}

/** Absolute magnitude without any dust. */
function absolute(source: Source, days: number, band: Band): number {
  const { redshift, extinctionV, parameters } = source.truth;
  const host = { u: 1.62, g: 1.18, r: 0.86, i: 0.68, z: 0.58, y: 0.51 }[band] * parameters.hostAv;
  return (
    abMagnitude(source.flux(peak + days, band) / transmission(extinctionV, band)) -
    distanceModulus(redshift!) -
    host
  );
}

const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const between = (value: number, low: number, high: number): void =>
  expect(value, `${low} … ${high}`).toSatisfy((v: number) => v >= low && v <= high);

describe("numbers", () => {
  // Perley et al. 2020: the Bright Transient Survey classifies about 1,000 supernovae a year
  // brighter than 18.5 on some 40 % of the sky: about 72 % Ia, 15 … 20 % II, 6 % Ibc, 3 % IIn, 1 %
  // superluminous
  it.each([
    [typeIa, 1500, 3000],
    [typeII, 250, 800],
    [typeIbc, 100, 450],
    [typeIIn, 50, 250],
    [superluminous, 15, 90],
    [tidalDisruption, 8, 40],
    [kilonova, 0.05, 3],
    [luminousRedNova, 0.1, 5],
  ])("of $name brighter than 18.5 mag on the whole sky in a year", (model, low, high) =>
    between(brighterThan(18.5, model, ztf), low, high),
  );

  // Palanque-Delabrouille et al. 2013; Ross et al. 2013; LSST Science Book, table 10.2
  it("of quasars a square degree", () => {
    between(brighterThan(20, agn, lsst), 12, 35);
    between(brighterThan(22, agn, lsst), 90, 200);
    between(brighterThan(24, agn, lsst), 250, 500);
  });

  it("are the same, to a limit that both reach, for both telescopes", () => {
    expect(
      brighterThan(19.5, typeIa, ztf) /
        brighterThan(19.5, typeIa, { ...ztf, bands: { ...ztf.bands, g: { depth: 22 } } }, 30000),
    ).toBeCloseTo(1, 0);
  });
});

describe("light curves", () => {
  const near = (model: FixedClass): Source[] =>
    drawn(model, ztf, 3000).filter((s) => s.truth.redshift! < 0.1);

  it("type Ia: M_g −19.3 and M_r −19.1 at peak; fades by a magnitude in g in 15 days; second maximum in z", () => {
    const sources = near(typeIa);
    between(mean(sources.map((s) => absolute(s, 0, "g"))), -19.45, -19.1);
    between(mean(sources.map((s) => absolute(s, 0, "r"))), -19.25, -18.9);
    between(mean(sources.map((s) => absolute(s, 15, "g") - absolute(s, 0, "g"))), 0.7, 1.2);
    expect(mean(sources.map((s) => absolute(s, 28, "z")))).toBeLessThan(
      mean(sources.map((s) => absolute(s, 14, "z"))),
    );
    for (const s of sources) expect(s.flux(peak - 27, "r")).toBeLessThan(0.02 * s.flux(peak, "r"));
  });

  it("type Ia: broader ones are brighter", () => {
    const sources = drawn(typeIa, ztf, 2000);
    const [broad, narrow] = [
      sources.filter((s) => s.truth.parameters.stretch > 1.05),
      sources.filter((s) => s.truth.parameters.stretch < 0.95),
    ];
    between(
      mean(narrow.map((s) => s.truth.parameters.absoluteMagnitude)) -
        mean(broad.map((s) => s.truth.parameters.absoluteMagnitude)),
      0.1,
      0.5,
    );
  });

  it("type II: risen in r within three weeks, a plateau for at least 40 days, two magnitudes fainter after 140", () => {
    for (const s of near(typeII).slice(0, 50)) {
      expect(s.flux(peak - 23, "r")).toBe(0);
      expect(absolute(s, 40, "r") - absolute(s, 0, "r")).toBeLessThan(1.5);
      expect(absolute(s, 145, "r") - absolute(s, 0, "r")).toBeGreaterThan(1.4);
    }
  });

  it("type Ibc: 0.3 … 1 mag fainter in r 15 days after peak", () => {
    between(mean(near(typeIbc).map((s) => absolute(s, 15, "r") - absolute(s, 0, "r"))), 0.3, 1);
  });

  it("tidal disruptions stay blue and fade as a power law", () => {
    for (const s of near(tidalDisruption).slice(0, 50)) {
      between(absolute(s, 100, "g") - absolute(s, 100, "r"), -0.45, 0);
      expect(absolute(s, 200, "g") - absolute(s, 100, "g")).toBeLessThan(
        absolute(s, 100, "g") - absolute(s, 0, "g"),
      );
      expect([s.galaxy!.eastArcsec, s.galaxy!.northArcsec]).toEqual([0, 0]);
    }
  });

  it("a kilonova fades in r by a magnitude a day, and becomes two magnitudes redder", () => {
    const sources = near(kilonova).slice(0, 300);
    between(mean(sources.map((s) => absolute(s, 3, "r") - absolute(s, 0, "r"))), 2, 4);
    between(
      mean(
        sources.map(
          (s) =>
            absolute(s, 3, "g") - absolute(s, 3, "i") - absolute(s, 0, "g") + absolute(s, 0, "i"),
        ),
      ),
      1.5,
      4,
    );
  });

  it("a luminous red nova is redder and still there after 60 days, then gone", () => {
    for (const s of near(luminousRedNova).slice(0, 50)) {
      expect(absolute(s, 60, "g") - absolute(s, 60, "i")).toBeGreaterThan(
        absolute(s, 0, "g") - absolute(s, 0, "i") + 0.4,
      );
      expect(absolute(s, 390, "r") - absolute(s, 0, "r")).toBeGreaterThan(4);
    }
  });

  it.each(events)(
    "$name: nothing outside of the time that it lasts, and nothing sudden where that ends",
    (model) => {
      const [before, after] = model.lastsDays!;
      for (const s of drawn(model, lsst, 300)) {
        for (const band of bands) {
          expect(s.flux(peak + before - 0.01, band)).toBe(0);
          expect(s.flux(peak + after + 0.01, band)).toBe(0);
        }
        expect(s.flux(peak + before, "r")).toBeLessThan(
          0.1 * s.flux(peak, "r") + abFlux(lsst.bands.r!.depth),
        );
      }
    },
  );
});

describe("active nuclei", () => {
  it("vary by 0.1 … 0.4 mag over years, more in the blue, the same way in all bands", () => {
    const sources = drawn(agn, ztf, 400);
    const change = (s: Source, band: Band, days: number): number =>
      s.flux(peak + days, band) / s.referenceFlux(band);
    for (const s of sources) {
      expect(Math.sign(s.flux(peak, "g"))).toBe(Math.sign(s.flux(peak, "i")));
      expect(Math.abs(change(s, "g", 0))).toBeGreaterThan(Math.abs(change(s, "i", 0)));
    }
    const rms = Math.sqrt(mean(sources.map((s) => Math.log(1 + change(s, "r", 0)) ** 2)));
    between(rms * 1.086, 0.08, 0.3);
    const overnight = Math.sqrt(
      mean(sources.map((s) => (change(s, "r", 1) - change(s, "r", 0)) ** 2)),
    );
    between(overnight, 0.001, 0.05);
  });

  it("blazars flare: in five years a tenth of them at least doubles", () => {
    const doubled = drawn(blazar, ztf, 100).filter((s) =>
      Array.from({ length: 365 }, (_, i) => s.flux(peak + 5 * i, "r")).some(
        (f) => f > s.referenceFlux("r"),
      ),
    );
    expect(doubled.length).toBeGreaterThan(10);
  });
});

describe.each(all)("$name", (model) => {
  it("is in its field, with finite numbers that any order of calls repeats", () => {
    for (const telescope of [ztf, lsst]) {
      const field = clearField(telescope);
      for (const s of drawn(model, telescope, 200)) {
        expect(isIn(field, s.ra, s.dec)).toBe(true);
        expect(
          Object.values(s.truth.parameters).every(Number.isFinite) &&
            Number.isFinite(s.truth.magnitude),
        ).toBe(true);
        const days = [-100, -20, -1, 0, 3, 40, 300];
        const fluxes = days.flatMap((d) => bands.map((band) => s.flux(peak + d, band)));
        expect(fluxes.every(Number.isFinite)).toBe(true);
        expect(days.toReversed().map((d) => s.flux(peak + d, "r"))).toEqual(
          days.map((_, i) => fluxes[i * 6 + 2]).toReversed(),
        );
      }
    }
  });
});
