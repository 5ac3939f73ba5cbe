import { galacticOf } from "../../sky/frames.ts";
import { placeIn } from "../cosmos/clusters.ts";
import { distanceModulus } from "../cosmos/cosmology.ts";
import { extinctionV, transmission } from "../cosmos/dust.ts";
import { galaxyAround, type HostKind } from "../cosmos/galaxies.ts";
import { perBand } from "../cosmos/per-band.ts";
import { type Population, visibleOf } from "../cosmos/visible.ts";
import { abFlux, abMagnitude } from "../photometry.ts";
import type { Random } from "../random.ts";
import { type Band, type Telescope, wavelengthNm } from "../survey/telescope.ts";
import type { FixedClass } from "./class.ts";

/**
 * Nuclei of galaxies with a power law as spectrum, F_ν ∝ ν^−slope, which are always seen and always
 * vary.
 */
export interface NucleusClass extends Omit<FixedClass, "kind" | "density" | "draw" | "lastsDays"> {
  readonly population: Omit<Population, "limit">;
  /**
   * M is that in this band with the K-correction to this redshift: m = M + distance modulus + K.
   */
  readonly spectrum: { readonly slope: number; readonly band: Band; readonly redshift: number };
  readonly hostMagnitude: number;
  /** Seen at all when on average at most so much fainter than the telescope detects. */
  readonly margin: number;
  variation(random: Random, absoluteMagnitude: number, redshift: number): Variation;
}

export interface Variation {
  /** Difference to the mean flux, divided by it. */
  at(mjd: number, band: Band): number;
  readonly parameters: Readonly<Record<string, number>>;
}

export function nucleusClass({
  population,
  spectrum,
  hostMagnitude,
  margin,
  variation,
  ...description
}: NucleusClass): FixedClass {
  const host: HostKind = {
    characteristicMagnitude: hostMagnitude,
    earlyShare: 0.7,
    place: "nucleus",
  };
  const visible = visibleOf({
    ...population,
    limit: (telescope, z) => faintestSeen(telescope, spectrum) + margin - dimming(z, spectrum),
  });
  return {
    ...description,
    kind: "fixed",
    lastsDays: null,
    density: (patch, telescope) => visible(telescope).perSquareDegree * patch.areaSquareDegrees,
    draw(patch, telescope, _epochMjd, random) {
      const { redshift: about, absoluteMagnitude } = visible(telescope).draw(random);
      const { ra, dec, redshift } = placeIn(patch, about, random);
      const extinction = extinctionV(galacticOf(ra, dec)[1], Infinity);
      const galaxy = galaxyAround(host, redshift, extinction, random);
      const apparent = abFlux(absoluteMagnitude + dimming(redshift, spectrum));
      const powerLaw = (band: Band): number =>
        (wavelengthNm[band] / wavelengthNm[spectrum.band]) ** spectrum.slope;
      const mean = perBand(
        (band) =>
          apparent *
          powerLaw(band) *
          forest(wavelengthNm[band], redshift) *
          transmission(extinction, band),
      );
      const { at, parameters: own } = variation(random, absoluteMagnitude, redshift);
      const [magnitude, parameters] = [abMagnitude(mean("r")), { absoluteMagnitude, ...own }];
      const truth = {
        redshift,
        distancePc: null,
        peakMjd: null,
        magnitude,
        extinctionV: extinction,
        parameters,
      };
      return {
        ra,
        dec,
        galaxy,
        flux: (mjd, band) => mean(band) * at(mjd, band),
        referenceFlux: mean,
        truth,
      };
    },
  };
}

function dimming(redshift: number, { slope, redshift: zero }: NucleusClass["spectrum"]): number {
  return distanceModulus(redshift) + 2.5 * (slope - 1) * Math.log10((1 + redshift) / (1 + zero));
}

/**
 * What the hydrogen on the way leaves of the light below Lyman α (Madau 1995, ApJ 441, 18, without
 * the higher lines), none below the Lyman limit.
 */
function forest(nm: number, redshift: number): number {
  if (nm < 91.2 * (1 + redshift)) return 0;
  return nm < 121.6 * (1 + redshift) ? Math.exp(-0.0036 * (nm / 121.6) ** 3.46) : 1;
}

/** Magnitude in the band of the spectrum, of what is just seen in the best band. */
function faintestSeen(
  telescope: Telescope,
  { slope, band: zero }: NucleusClass["spectrum"],
): number {
  return Math.max(
    ...Object.entries(telescope.bands).map(
      ([band, { depth }]) =>
        depth + 2.5 * slope * Math.log10(wavelengthNm[band as Band] / wavelengthNm[zero]),
    ),
  );
}
