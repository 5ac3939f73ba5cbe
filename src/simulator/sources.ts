import type { Random } from "./random.ts";
import { conditions, cos, eclipticPosition, type Exposure, type Telescope } from "./telescope.ts";

export type SourceKind = "supernova" | "variable star" | "active galaxy" | "asteroid" | "artefact";

/** One measurement at the place of a source on the difference image. */
export interface Observation {
  /** Start of the exposure, UTC. */
  readonly mjd: number;
  readonly band: string;
  /** 5 σ, AB magnitude */
  readonly depth: number;
  readonly seeingArcsec: number;
  /** Difference to the reference image, nJy; negative where the source became fainter. */
  readonly flux: number;
  readonly fluxErr: number;
  /** Static flux at that place, nJy. */
  readonly templateFlux: number;
}

/** A galaxy that was there before: an exponential disc. */
export interface Galaxy {
  readonly flux: number;
  readonly radiusArcsec: number;
  readonly axisRatio: number;
  readonly angle: number;
  /** Offset of its centre from the source. */
  readonly eastArcsec: number;
  readonly northArcsec: number;
}

/** What one alert is about. */
export interface Source {
  readonly kind: SourceKind;
  readonly ra: number;
  readonly dec: number;
  readonly galaxy: Galaxy | null;
  /** Flux of a star or nucleus at the place itself on the reference image, nJy; 0 without one. */
  readonly starFlux: number;
  /** Oldest first, without the alert's own. */
  readonly history: readonly Observation[];
  readonly alert: Observation;
  /** Of the first detection, UTC. */
  readonly firstMjd: number;
  readonly lastMjd: number;
}

interface Kind {
  readonly share: number;
  /** Flux density goes as wavelength to this power: blue sources below 0, red ones above. */
  readonly colour: number;
  /** Known for years, so that its alerts go on with an old object. */
  readonly persistent: boolean;
}

const kinds: Readonly<Record<SourceKind, Kind>> = {
  supernova: { share: 0.25, colour: -0.5, persistent: false },
  "variable star": { share: 0.35, colour: 0.8, persistent: true },
  "active galaxy": { share: 0.15, colour: 0.4, persistent: true },
  asteroid: { share: 0.15, colour: 1, persistent: false },
  artefact: { share: 0.1, colour: 0, persistent: false },
};

/** A source that the exposure detects, with the measurements of the nights before. */
export function simulateSource(telescope: Telescope, exposure: Exposure, historyNights: number, random: Random): Source {
  const half = telescope.fieldDegrees / 2;
  const dec = exposure.dec + random.between(-half, half);
  const ra = (exposure.ra + random.between(-half, half) / cos(dec) + 360) % 360;
  const kind = pickKind(eclipticPosition(ra, dec)[1], random);
  const target = targetFlux(kind, exposure.depth, random);
  const { galaxy, starFlux } = surroundings(kind, Math.abs(target), telescope, random);
  const curve = lightCurve(kind, random);
  const measure = (epoch: Epoch): Observation => {
    const colour = (telescope.bands[epoch.band].wavelengthNm / telescope.bands[exposure.band].wavelengthNm) ** kinds[kind].colour;
    return observe(epoch, target * colour * curve(exposure.mjd - epoch.mjd), (starFlux + galaxyFluxAtSource(galaxy)) * colour, random);
  };
  const alert = atLeast5Sigma(measure(exposure));
  const history = pastEpochs(telescope, exposure.mjd, historyNights, random).map(measure).reverse();
  const detected = history.filter(isDetected);
  const firstMjd = kinds[kind].persistent ? random.between(58200, exposure.mjd - 100) : (detected[0]?.mjd ?? exposure.mjd);
  return { kind, ra, dec, galaxy, starFlux, history, alert, firstMjd, lastMjd: exposure.mjd };
}

export function isDetected(observation: Observation): boolean {
  return Math.abs(observation.flux) >= 5 * observation.fluxErr;
}

/** AB magnitude of a flux in nJy (Oke & Gunn 1983: 0 mag is 3631 Jy). */
export function abMagnitude(fluxNJy: number): number {
  return 31.4 - 2.5 * Math.log10(Math.abs(fluxNJy));
}

/** nJy of an AB magnitude. */
export function abFlux(magnitude: number): number {
  return 10 ** (0.4 * (31.4 - magnitude));
}

/** Where a detection finds the source: centroids scatter by the σ of the point-spread function over the SNR (Lindegren 1978). */
export function measuredPosition({ ra, dec }: Source, o: Observation, random: Random): { ra: number; dec: number } {
  const scatter = (o.seeingArcsec / 2.355 / 3600) * (o.fluxErr / Math.abs(o.flux));
  return { ra: ra + (scatter * random.normal()) / cos(dec), dec: dec + scatter * random.normal() };
}

function pickKind(eclipticLatitude: number, random: Random): SourceKind {
  let left = random.uniform();
  for (const [kind, { share }] of Object.entries(kinds)) {
    left -= share;
    // asteroids keep to the ecliptic; elsewhere their share goes to artefacts
    if (left < 0) return kind === "asteroid" && Math.abs(eclipticLatitude) > 25 ? "artefact" : (kind as SourceKind);
  }
  return "artefact";
}

/** Difference flux of the alert, nJy: number counts that grow as 10^(0.3 mag) up to the depth. */
function targetFlux(kind: SourceKind, depth: number, random: Random): number {
  const magnitude = Math.max(depth - 0.15 + Math.log10(1 - random.uniform()) / 0.3, depth - 7);
  const canFade = kinds[kind].persistent;
  return canFade && random.uniform() < 0.4 ? -abFlux(magnitude) : abFlux(magnitude);
}

function surroundings(kind: SourceKind, flux: number, telescope: Telescope, random: Random): { galaxy: Galaxy | null; starFlux: number } {
  const starFlux = kind === "variable star" || kind === "active galaxy" || kind === "artefact" ? flux * random.between(1.2, 8) : 0;
  if (kind !== "supernova" && kind !== "active galaxy") return { galaxy: null, starFlux };
  const radiusArcsec = telescope.seeingArcsec * random.between(0.5, 2);
  const spread = kind === "supernova" ? radiusArcsec : 0;
  return {
    galaxy: {
      flux: flux * 10 ** random.between(-0.2, 1.2),
      radiusArcsec,
      axisRatio: random.between(0.3, 1),
      angle: random.between(0, 180),
      eastArcsec: spread * random.normal(),
      northArcsec: spread * random.normal(),
    },
    starFlux,
  };
}

/** Share of the galaxy's light within a point source's reach, falling off as its disc does. */
function galaxyFluxAtSource(galaxy: Galaxy | null): number {
  if (!galaxy) return 0;
  return 0.3 * galaxy.flux * Math.exp((-1.678 * Math.hypot(galaxy.eastArcsec, galaxy.northArcsec)) / galaxy.radiusArcsec);
}

/** Flux relative to the alert's so many days before it; 1 at 0. To be asked from late to early. */
function lightCurve(kind: SourceKind, random: Random): (daysBefore: number) => number {
  switch (kind) {
    case "supernova":
      return supernovaCurve(random);
    case "variable star":
      return periodicCurve(random);
    case "active galaxy":
      return randomWalkCurve(random);
    default:
      return (daysBefore) => (daysBefore === 0 ? 1 : 0);
  }
}

/** Rise and fall as in Bazin et al. 2009, A&A 499, 653, eq. 1, days as observed. */
function supernovaCurve(random: Random): (daysBefore: number) => number {
  const rise = random.between(2, 6);
  const fall = random.between(15, 40);
  const age = random.between(-1.5 * rise, 20);
  const flux = (t: number): number => Math.exp(-t / fall) / (1 + Math.exp(-t / rise));
  return (daysBefore) => flux(age - daysBefore) / flux(age);
}

/** A pulsating star: a sine and its first harmonic, in flux. */
function periodicCurve(random: Random): (daysBefore: number) => number {
  const period = 10 ** random.between(-0.7, 2);
  const flux = (phase: number): number => Math.sin(2 * Math.PI * phase) + 0.3 * Math.sin(4 * Math.PI * phase);
  const phase = random.pick([0, 0.5]) + random.between(0.1, 0.4);
  return (daysBefore) => flux(phase - daysBefore / period) / flux(phase);
}

/** Damped random walk (MacLeod et al. 2010, ApJ 721, 1014); it looks the same backwards in time. */
function randomWalkCurve(random: Random): (daysBefore: number) => number {
  const timescaleDays = 10 ** random.between(1.5, 2.8);
  let [flux, at] = [1, 0];
  return (daysBefore) => {
    const memory = Math.exp(-(daysBefore - at) / timescaleDays);
    flux = flux * memory + Math.sqrt(1 - memory * memory) * random.normal();
    at = daysBefore;
    return flux;
  };
}

type Epoch = Omit<Observation, "flux" | "fluxErr" | "templateFlux">;

/** Visits in the nights before, latest first: the place is seen in about half of them, sometimes in two bands. */
function pastEpochs(telescope: Telescope, mjd: number, nights: number, random: Random): Epoch[] {
  const epochs: Epoch[] = [];
  for (let night = 1; night <= nights; night++) {
    const visits = random.uniform() < 0.55 ? 0 : random.pick([1, 1, 2]);
    const start = mjd - night + random.between(-0.05, 0.05);
    for (let visit = 0; visit < visits; visit++) {
      const band = random.pick(Object.keys(telescope.bands));
      epochs.push({ mjd: start - 0.02 * visit, band, ...conditions(telescope, band, random) });
    }
  }
  return epochs;
}

/** Noise from the depth: 5 σ of an isolated point source, and 1 % of the flux for the calibration. */
function observe(epoch: Epoch, trueFlux: number, templateFlux: number, random: Random): Observation {
  const { mjd, band, depth, seeingArcsec } = epoch;
  const fluxErr = Math.hypot(abFlux(depth) / 5, 0.01 * trueFlux);
  return { mjd, band, depth, seeingArcsec, flux: trueFlux + fluxErr * random.normal(), fluxErr, templateFlux };
}

/** Only what is detected becomes an alert. */
function atLeast5Sigma(observation: Observation): Observation {
  const limit = 5.01 * observation.fluxErr;
  return isDetected(observation) ? observation : { ...observation, flux: observation.flux < 0 ? -limit : limit };
}
