import { beforeAll, describe, expect, it } from "vitest";
import { cosDegrees, separation } from "../../src/sky/angle.ts";
import { colours } from "../../src/simulator/classes/asteroid.ts";
import { observatoryAt } from "../../src/simulator/cosmos/earth.ts";
import { apparentAt } from "../../src/simulator/night/apparent.ts";
import {
  type AlertTruth,
  type AsteroidTruth,
  type ObjectTruth,
  packetsOf,
} from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";
import { abFlux } from "../../src/simulator/photometry.ts";
import { type SurveyName, telescopes } from "../../src/simulator/survey/telescope.ts";
import { packetReader } from "./decode.ts";

interface Measured {
  readonly truth: AlertTruth;
  readonly object: ObjectTruth;
  readonly flux: number;
  readonly fluxErr: number;
  readonly ra: number;
  readonly dec: number;
  readonly seeingArcsec: number;
  /** Forced photometry of the visits before, flux over error. */
  readonly forced: readonly number[];
}

interface ZtfAlert {
  readonly candidate: Record<"magpsf" | "sigmapsf" | "ra" | "dec" | "fwhm", number> & {
    readonly isdiffpos: string;
  };
  readonly fp_hists: readonly Record<"forcediffimflux" | "forcediffimfluxunc", number>[] | null;
}

interface LsstAlert {
  readonly diaSource: Record<"psfFlux" | "psfFluxErr" | "ra" | "dec" | "ixxPSF", number>;
  readonly prvDiaForcedSources:
    | readonly Record<"psfFlux" | "psfFluxErr" | "midpointMjdTai", number>[]
    | null;
}

const readZtf = packetReader<ZtfAlert>("ztf");
const readLsst = packetReader<LsstAlert>("lsst");

type Values = Omit<Measured, "truth" | "object">;

function fromZtf(bytes: Uint8Array): Values {
  const { candidate: c, fp_hists } = readZtf(bytes);
  const flux = abFlux(c.magpsf) * (c.isdiffpos === "t" ? 1 : -1);
  const fits = (fp_hists ?? []).filter((f) => f.forcediffimflux !== -99999);
  return {
    flux,
    fluxErr: (c.sigmapsf * Math.LN10 * Math.abs(flux)) / 2.5,
    ra: c.ra,
    dec: c.dec,
    seeingArcsec: c.fwhm * telescopes.ztf.pixelArcsec,
    forced: fits.map((f) => f.forcediffimflux / f.forcediffimfluxunc),
  };
}

function fromLsst(bytes: Uint8Array): Values {
  const { diaSource: d, prvDiaForcedSources } = readLsst(bytes);
  const seeingArcsec = 2.355 * Math.sqrt(d.ixxPSF);
  const before = (prvDiaForcedSources ?? []).slice(0, -1); // the last one is this visit's
  return {
    flux: d.psfFlux,
    fluxErr: d.psfFluxErr,
    ra: d.ra,
    dec: d.dec,
    seeingArcsec,
    forced: before.map((f) => f.psfFlux / f.psfFluxErr),
  };
}

function measure(
  survey: SurveyName,
  night: string,
  alerts: number,
  rates: Record<string, number>,
): Measured[] {
  const read = survey === "ztf" ? fromZtf : fromLsst;
  const schema = survey === "ztf" ? "4.02" : "9.0";
  return [...simulateHere({ survey, schema, nights: [night], alerts, seed: 3, rates })].flatMap(
    (batch) => {
      const objects = new Map(batch.objects.map((o) => [o.objectId, o]));
      return Array.from(packetsOf(batch), (bytes, i) => ({
        truth: batch.truth[i],
        object: objects.get(batch.objectIds[i]) as ObjectTruth,
        ...read(bytes),
      }));
    },
  );
}

const meanSquare = (values: readonly number[]): number =>
  values.reduce((sum, v) => sum + v * v, 0) / values.length;

describe.each([
  ["ztf", "2026-10-10"],
  ["lsst", "2026-10-10"],
] as const)("the truth of a night of %s closes", (survey, night) => {
  let alerts: Measured[] = [];
  // asteroids and events are new in their places: what was measured there before is noise about
  // nothing
  beforeAll(
    () => void (alerts = measure(survey, night, 1500, { type_ia: 20, main_belt: 3 })),
    120_000,
  );

  it("in brightness: magnitudes scatter about the true ones with a reduced chi-square of 0.9 to 1.1", () => {
    // chosen by the true flux: those found by their measured flux alone would be too bright
    // (Eddington 1913)
    const chosen = alerts.filter(({ truth }) => Math.abs(truth.flux) > 8 * truth.fluxErr);
    expect(chosen.length).toBeGreaterThan(500);
    const chiSquare = meanSquare(
      chosen.map(({ truth, flux, fluxErr }) => (flux - truth.flux) / fluxErr),
    );
    expect(chiSquare).toBeGreaterThan(0.9);
    expect(chiSquare).toBeLessThan(1.1);
  });

  // LSST sends no forced photometry from before the first detection's night
  it.runIf(survey === "ztf")(
    "in the history: forced photometry before there was anything scatters about 0 as its errors say",
    () => {
      const before = alerts
        .filter(({ truth }) => truth.class === "main_belt" || truth.class === "cosmic_ray")
        .flatMap((a) => a.forced);
      expect(before.length).toBeGreaterThan(1000);
      expect(meanSquare(before)).toBeGreaterThan(0.9);
      expect(meanSquare(before)).toBeLessThan(1.1);
    },
  );

  it("in position: detections scatter about the true place as seeing and signal-to-noise say", () => {
    const sigmas = alerts.map(({ truth, seeingArcsec }) => {
      return Math.hypot(
        (seeingArcsec / 2.355 / Math.abs(truth.snr)) * (survey === "lsst" ? Math.SQRT2 : 1),
        survey === "lsst" ? 0.01 : 0,
      );
    });
    const offsets = alerts.flatMap(({ truth, ra, dec }) => [
      (ra - truth.ra) * cosDegrees(dec) * 3600,
      (dec - truth.dec) * 3600,
    ]);
    expect(meanSquare(offsets) / meanSquare(sigmas)).toBeGreaterThan(0.85);
    expect(meanSquare(offsets) / meanSquare(sigmas)).toBeLessThan(1.15);
  });

  it("in motion: asteroids are where their orbits say, within 0.1 arcsec", () => {
    const telescope = telescopes[survey];
    const asteroids = alerts.filter(({ object }) => object.asteroid);
    expect(asteroids.length).toBeGreaterThan(300);
    for (const { truth, object } of asteroids) {
      const middle = truth.mjd + telescope.exposureSeconds / 2 / 86400;
      const { ra, dec } = apparentAt(
        bodyOf(object.asteroid as AsteroidTruth),
        observatoryAt(telescope, middle),
        middle,
      );
      expect(3600 * separation(ra, dec, truth.ra, truth.dec)).toBeLessThan(0.1);
    }
  });
});

function bodyOf({ a, e, inclination, node, perihelion, meanAnomaly, epoch, h, g }: AsteroidTruth) {
  const rotation = { amplitude: 0, periodHours: 1, phase: 0 };
  return {
    orbit: { a, e, inclination, node, perihelion, meanAnomaly, epoch },
    h,
    g,
    colour: Object.values(colours)[0],
    rotation,
    isKnown: true,
  };
}
