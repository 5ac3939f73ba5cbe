import { describe, expect, test } from "vitest";
import { icrsOfGalactic } from "../../sky/frames.ts";
import { abFlux } from "../photometry.ts";
import { randomStream } from "../random.ts";
import { fieldsOf, isIn, type Patch } from "../survey/fields.ts";
import { type Band, bandsOf, type Telescope, telescopes } from "../survey/telescope.ts";
import type { FixedClass, Source } from "./class.ts";
import { cepheid } from "./cepheid.ts";
import { dwarfNova } from "./dwarf_nova.ts";
import { eclipsingBinary } from "./eclipsing_binary.ts";
import { flareStar } from "./flare_star.ts";
import { longPeriod } from "./long_period.ts";
import { magnification, microlensing } from "./microlensing.ts";
import { rrLyrae } from "./rr_lyrae.ts";
import { youngStar } from "./young_star.ts";

const { ztf } = telescopes;
const stars: readonly FixedClass[] = [
  rrLyrae,
  cepheid,
  eclipsingBinary,
  longPeriod,
  flareStar,
  dwarfNova,
  microlensing,
  youngStar,
];
const epoch = 60000;

/** A square of some 7° there. */
function patchAt(l: number, b: number): Patch {
  const [ra, dec] = icrsOfGalactic(l, b);
  return {
    number: 1,
    raMin: ra - 3.5,
    raMax: ra + 3.5,
    decMin: dec - 3.5,
    decMax: dec + 3.5,
    ra,
    dec,
    l,
    b,
    areaSquareDegrees: 49 * Math.cos((dec * Math.PI) / 180),
  };
}

const plane = patchAt(40, 2);

function sample(model: FixedClass, count: number, patch = plane, telescope = ztf): Source[] {
  const random = randomStream(11);
  return Array.from({ length: count }, () => model.draw(patch, telescope, epoch, random));
}

/** On the whole sky, from every third field. */
function wholeSky(model: FixedClass, telescope: Telescope): number {
  const fields = fieldsOf({ ...telescope, decRange: [-90, 90] });
  return (
    3 *
    fields
      .filter((_, i) => i % 3 === 0)
      .reduce((sum, field) => sum + model.density(field, telescope), 0)
  );
}

/** At equal steps of phase. */
function folded({ flux, truth: { parameters } }: Source, band: Band, steps = 200): number[] {
  return Array.from({ length: steps }, (_, i) =>
    flux(parameters.epochMjd + parameters.periodDays * (100 + i / steps), band),
  );
}

/** Magnitudes between the brightest and the faintest. */
function amplitude(source: Source, band: Band): number {
  const fluxes = folded(source, band).map((flux) => source.referenceFlux(band) + flux);
  return 2.5 * Math.log10(Math.max(...fluxes) / Math.min(...fluxes));
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1];

describe("numbers on the sky", () => {
  const likeGaia: Telescope = { ...ztf, bands: { r: { depth: 21 } } };

  // 270,000: Clementini 2023; 1,262 and 131,000 on three quarters of the sky: Chen 2020; 2.2
  // million: Mowlavi 2023; 79,000: Marton 2023
  test.each([
    [rrLyrae, 135_000, 540_000],
    [cepheid, 600, 3_300],
    [eclipsingBinary, 1_100_000, 4_400_000],
    [longPeriod, 80_000, 350_000],
    [youngStar, 40_000, 160_000],
  ])("$name: as many as are known, within a factor of two", (model, low, high) => {
    const number = wholeSky(model, likeGaia);
    console.log(`${model.name}: ${Math.round(number)} on the sky`);
    expect(number).toBeGreaterThan(low);
    expect(number).toBeLessThan(high);
  });

  test("towards Baade's window there are about a hundred microlensing events a year and square degree", () => {
    const window = patchAt(1, -3.9);
    const perYear = (microlensing.density(window, ztf) / window.areaSquareDegrees) * 365.25;
    expect(perYear).toBeGreaterThan(30);
    expect(perYear).toBeLessThan(300);
    expect(microlensing.density(patchAt(60, 50), ztf)).toBeLessThan(1e-4);
  });

  test("young stars keep to the plane, RR Lyrae less so", () => {
    const contrast = (model: FixedClass): number =>
      model.density(plane, ztf) / model.density(patchAt(40, 50), ztf);
    expect(contrast(cepheid)).toBeGreaterThan(1e6);
    expect(contrast(youngStar)).toBeGreaterThan(300);
    expect(contrast(eclipsingBinary)).toBeGreaterThan(10);
    expect(contrast(rrLyrae)).toBeLessThan(10);
  });

  test("a telescope that sees deeper sees more, and nobody sees what saturates", () => {
    const high = patchAt(40, -50);
    expect(eclipsingBinary.density(high, telescopes.lsst)).toBeGreaterThan(
      eclipsingBinary.density(high, ztf),
    );
    for (const model of [rrLyrae, cepheid, longPeriod])
      for (const { truth } of sample(model, 300)) expect(truth.magnitude).toBeGreaterThan(12.2);
  });
});

describe.each(stars.map((model) => [model.name, model] as const))("%s", (_name, model) => {
  test("the same at any time in any order, in its patch, with a finite flux in every band", () => {
    const [sources, again] = [sample(model, 100), sample(model, 100)];
    const times = Array.from({ length: 30 }, (_, i) => epoch - 200 + 13.37 * i);
    for (const [i, source] of sources.entries()) {
      expect(isIn(plane, source.ra, source.dec)).toBe(true);
      expect(source.truth.distancePc).toBeGreaterThan(0);
      for (const band of bandsOf(telescopes.lsst)) {
        const forwards = times.map((mjd) => source.flux(mjd, band));
        expect([...times].reverse().map((mjd) => again[i].flux(mjd, band))).toEqual(
          forwards.reverse(),
        );
        for (const flux of forwards)
          expect(Number.isFinite(flux) && flux >= -source.referenceFlux(band)).toBe(true);
      }
      for (const value of Object.values(source.truth.parameters))
        expect(Number.isFinite(value)).toBe(true);
    }
  });

  test("many of those that are drawn can be seen", () => {
    const times = Array.from({ length: 4000 }, (_, i) => epoch - 400 + 0.2003 * i);
    const limit = abFlux(ztf.bands.g!.depth);
    const seen = sample(model, 150).filter(({ flux }) =>
      times.some((mjd) => Math.abs(flux(mjd, "g")) > limit || Math.abs(flux(mjd, "r")) > limit),
    );
    console.log(`${model.name}: ${seen.length} of 150 give an alert in 800 days`);
    expect(seen.length).toBeGreaterThan(15);
  });
});

describe("light curves", () => {
  test("outside of its eclipses a detached pair is as bright as on the reference image", () => {
    const detached = sample(eclipsingBinary, 200).filter(
      ({ truth }) => truth.parameters.widthPhase < 0.06 && truth.parameters.ellipsoidal < 0.001,
    );
    expect(detached.length).toBeGreaterThan(10);
    for (const source of detached) {
      const fluxes = folded(source, "g", 200).toSorted((a, b) => a - b);
      expect(Math.abs(fluxes[150] / source.referenceFlux("g"))).toBeLessThan(0.002);
      expect(fluxes[0] / source.referenceFlux("g")).toBeLessThan(-0.09);
    }
  });

  test.each([rrLyrae, cepheid])("$name: differences are about the mean", (model) => {
    for (const source of sample(model, 50)) {
      const mean = folded(source, "g", 2000).reduce((sum, flux) => sum + flux / 2000, 0);
      expect(Math.abs(mean / source.referenceFlux("g"))).toBeLessThan(0.005);
    }
  });

  test("RR Lyrae rise fast, fall slowly and vary more in the blue; long periods have small amplitudes", () => {
    const sources = sample(rrLyrae, 400);
    const [saw, round] = [
      sources.filter(({ truth }) => truth.parameters.isOvertone === 0),
      sources.filter(({ truth }) => truth.parameters.isOvertone === 1),
    ];
    expect(round.length / sources.length).toBeCloseTo(0.25, 1);
    const rise = (source: Source): number => {
      const fluxes = folded(source, "r");
      return 1 - fluxes.indexOf(Math.min(...fluxes)) / fluxes.length;
    };
    expect(median(saw.map(rise))).toBeLessThan(0.2);
    expect(median(round.map(rise))).toBeGreaterThan(0.35);
    for (const source of saw.slice(0, 50)) {
      expect(amplitude(source, "r")).toBeCloseTo(source.truth.parameters.amplitudeMagR, 1);
      expect(amplitude(source, "g") / amplitude(source, "r")).toBeCloseTo(1.41, 1);
      expect(amplitude(source, "i")).toBeLessThan(amplitude(source, "r"));
    }
    const short = saw.filter(({ truth }) => truth.parameters.periodDays < 0.52);
    const long = saw.filter(({ truth }) => truth.parameters.periodDays > 0.62);
    expect(median(short.map((s) => amplitude(s, "g")))).toBeGreaterThan(
      median(long.map((s) => amplitude(s, "g"))) + 0.3,
    );
  });

  test("Cepheids follow Leavitt's law", () => {
    for (const { truth } of sample(cepheid, 200)) {
      const absolute =
        truth.magnitude - 5 * Math.log10(truth.distancePc! / 10) - 0.83 * truth.extinctionV;
      expect(
        Math.abs(absolute - (-4.25 - 2.85 * (Math.log10(truth.parameters.periodDays) - 1))),
      ).toBeLessThan(1.5);
    }
  });

  test("eclipsing binaries: the deepest point is at the epoch, detached ones are flat for most of the time", () => {
    for (const source of sample(eclipsingBinary, 100)) {
      const fluxes = folded(source, "r", 400);
      expect(fluxes.indexOf(Math.min(...fluxes))).toBe(0);
      if (source.truth.parameters.periodDays > 5)
        expect(
          fluxes.filter((flux) => flux < -0.02 * source.referenceFlux("r")).length / fluxes.length,
        ).toBeLessThan(0.25);
    }
  });

  test("Miras vary by magnitudes over a year, dwarf novae leap in a day", () => {
    const miras = sample(longPeriod, 400).filter(({ truth }) => truth.parameters.slowDays);
    const inG = miras.map((source) => amplitude(source, "g"));
    expect(Math.max(...inG)).toBeGreaterThan(5);
    expect(Math.max(...inG)).toBeLessThan(7);
    for (const source of sample(dwarfNova, 30)) {
      const { recurrenceDays, amplitudeMagR } = source.truth.parameters;
      const days = Array.from({ length: 4000 }, (_, i) => epoch + (recurrenceDays * i) / 400);
      const brightest =
        Math.max(...days.map((mjd) => source.flux(mjd, "r"))) / source.referenceFlux("r");
      expect(2.5 * Math.log10(1 + brightest)).toBeLessThan(amplitudeMagR + 0.01);
      expect(2.5 * Math.log10(1 + brightest)).toBeGreaterThan(amplitudeMagR - 2);
      expect(median(days.map((mjd) => source.flux(mjd, "r")))).toBeLessThan(
        0.5 * brightest * source.referenceFlux("r"),
      );
    }
  });

  test("flares are short and blue, strong ones are rare", () => {
    let [points, flaring] = [0, 0];
    for (const source of sample(flareStar, 60)) {
      for (let i = 0; i < 2000; i++, points++) {
        const mjd = epoch + 0.011 * i;
        const flux = source.flux(mjd, "g");
        if (flux < 0.1 * source.referenceFlux("g")) continue;
        flaring++;
        const relative = (band: Band): number =>
          source.flux(mjd, band) / source.referenceFlux(band);
        expect(relative("u")).toBeGreaterThan(relative("g"));
        expect(relative("g")).toBeGreaterThan(5 * relative("i"));
      }
    }
    expect(flaring / points).toBeGreaterThan(1e-4);
    expect(flaring / points).toBeLessThan(0.03);
  });

  test("microlensing: symmetric, the same in all bands, Paczyński's 1.34 at one Einstein radius", () => {
    expect(magnification(1)).toBeCloseTo(1.3416, 4);
    for (const { flux, referenceFlux, truth } of sample(microlensing, 50)) {
      expect(flux(epoch + 10, "r")).toBeCloseTo(flux(epoch - 10, "r"), 9);
      expect(flux(epoch + 5, "g") / referenceFlux("g")).toBeCloseTo(
        flux(epoch + 5, "i") / referenceFlux("i"),
        9,
      );
      expect(flux(epoch + 400, "r")).toBeLessThan(0.02 * referenceFlux("r"));
      expect(flux(epoch + 401, "r")).toBe(0);
      expect(truth.magnitude).toBeCloseTo(
        31.4 - 2.5 * Math.log10(referenceFlux("r") + flux(epoch, "r")),
        6,
      );
    }
  });

  test("young stars are in clusters and change by tenths of a magnitude", () => {
    const sources = sample(youngStar, 400);
    const near = (a: Source, b: Source): boolean => Math.hypot(a.ra - b.ra, a.dec - b.dec) < 0.3;
    const neighbours = sources.map((a) => sources.filter((b) => near(a, b)).length);
    expect(median(neighbours)).toBeGreaterThan(10);
    const scatter = sources.map(({ flux, referenceFlux }) => {
      const relative = Array.from(
        { length: 200 },
        (_, i) => flux(epoch + 3.7 * i, "r") / referenceFlux("r"),
      );
      return Math.sqrt(relative.reduce((sum, x) => sum + x * x, 0) / 200);
    });
    expect(median(scatter)).toBeGreaterThan(0.03);
    expect(median(scatter)).toBeLessThan(0.4);
  });
});
