import type { Patch } from "../survey/fields.ts";
import type { Band, Telescope } from "../survey/telescope.ts";
import type { Random } from "../random.ts";

/**
 * A class of things on the sky that give alerts. One file in this folder is one class, but for
 * artefacts; `classes.ts` lists them. `fixed`: it has a place on the sky (stars, galaxies and what
 * happens in them). `moving`: the solar system. `artefact`: made by the telescope, other in each
 * visit.
 */
export type ClassModel = FixedClass | MovingClass | ArtefactClass;

interface ClassDescription {
  /** As in the truth table and in `--rates`: lower case, underscores: `type_ia`. */
  readonly name: string;
  /** For people: "Type Ia supernova". */
  readonly title: string;
  /**
   * One or two sentences: what the light curve is, where its numbers are from. Markdown; goes into
   * docs/simulator.md.
   */
  readonly about: string;
  /** Papers, as "Bazin et al. 2009, A&A 499, 653". */
  readonly papers: readonly string[];
  /**
   * Type that SIMBAD gives such an object when it is known there (SIMBAD's short labels: "RRLyr",
   * "QSO", "EB*" …), if it ever is.
   */
  readonly simbadType?: string;
  /** Type in a report to the Transient Name Server: "SN Ia", "TDE" …, if it is ever reported. */
  readonly tnsType?: string;
  /** Type in the Variable Star Index: "RRAB", "EA" …, of a variable star. */
  readonly vsxType?: string;
}

export interface FixedClass extends ClassDescription {
  readonly kind: "fixed";
  /**
   * Light is seen between these days from `epochMjd`, as observed (redshift included), such as
   * [-50, 300]; null: always.
   */
  readonly lastsDays: readonly [from: number, to: number] | null;
  /**
   * Expected number in the patch that could ever be bright enough for the telescope: objects, or
   * with `lastsDays` events per day of observer's time.
   */
  density(patch: Patch, telescope: Telescope): number;
  /**
   * One of them. `epochMjd`: of the event (its peak); 0 for what lasts. Draws only from `random`,
   * and always the same way.
   */
  draw(patch: Patch, telescope: Telescope, epochMjd: number, random: Random): Source;
}

export interface MovingClass extends ClassDescription {
  readonly kind: "moving";
  /** Of the whole sky that could ever be bright enough for the telescope. */
  count(telescope: Telescope): number;
  draw(telescope: Telescope, random: Random): Asteroid;
}

export interface ArtefactClass extends ClassDescription {
  readonly kind: "artefact";
  /** Expected number in one visit. */
  perVisit(telescope: Telescope): number;
  /** `snr` is of the (false) detection, negative for a hole; `shape` is how it is drawn. */
  draw(
    telescope: Telescope,
    random: Random,
  ): { readonly snr: number; readonly shape: ArtefactShape };
}

export type ArtefactShape = "dipole" | "cosmic ray" | "streak" | "bad subtraction";

/** What has a place on the sky and a light curve. */
export interface Source {
  /** ICRS, degrees. */
  readonly ra: number;
  readonly dec: number;
  /**
   * Difference to the reference image at that time (MJD, UTC), nJy, as it arrives: dimmed by dust;
   * negative where it became fainter. 0 outside of `lastsDays`. Any order of calls gives the same
   * numbers.
   */
  flux(mjd: number, band: Band): number;
  /** Point source at this place on the reference image, nJy; 0 where there was none. */
  referenceFlux(band: Band): number;
  readonly galaxy: Galaxy | null;
  readonly truth: SourceTruth;
}

/** What is true of a source, for the truth table and the catalogues. */
export interface SourceTruth {
  readonly redshift: number | null;
  /** Of stars. */
  readonly distancePc: number | null;
  /** Brightest, MJD UTC; null for what has no peak. */
  readonly peakMjd: number | null;
  /** r band, AB, as observed: at peak for events, on average for what lasts. */
  readonly magnitude: number;
  /** V-band extinction of the Milky Way in front of it. */
  readonly extinctionV: number;
  /**
   * What the light curve was computed from, with units in the names: `periodDays`, `stretch`,
   * `hostOffsetArcsec` …
   */
  readonly parameters: Readonly<Record<string, number>>;
}

/**
 * A galaxy that is on the reference image too: an exponential disc, or with `sersic` 4 a de
 * Vaucouleurs profile.
 */
export interface Galaxy {
  /** Total, per band, nJy, as it arrives. */
  flux(band: Band): number;
  /** Half of the light is within. */
  readonly radiusArcsec: number;
  readonly axisRatio: number;
  /** Of the long axis, degrees from north to east. */
  readonly angle: number;
  /** From the source to its centre, arcsec. */
  readonly eastArcsec: number;
  readonly northArcsec: number;
  readonly redshift: number;
  readonly sersic: 1 | 4;
}

/** An orbit about the Sun: osculating Keplerian elements, J2000 ecliptic, degrees and au. */
export interface Orbit {
  readonly a: number;
  readonly e: number;
  readonly inclination: number;
  readonly node: number;
  readonly perihelion: number;
  readonly meanAnomaly: number;
  /** MJD, TT */
  readonly epoch: number;
}

export interface Asteroid {
  readonly orbit: Orbit;
  /** Absolute magnitude and slope of the H, G system (Bowell et al. 1989), V band. */
  readonly h: number;
  readonly g: number;
  /** AB colours: magnitude in that band minus V. */
  readonly colour: Readonly<Record<Band, number>>;
  /**
   * Amplitude (mag, peak to peak) and period (h) of the rotation's light curve, and its phase 0 … 1
   * at `orbit.epoch`.
   */
  readonly rotation: {
    readonly amplitude: number;
    readonly periodHours: number;
    readonly phase: number;
  };
  /** Is its orbit known to the Minor Planet Center? */
  readonly isKnown: boolean;
}
