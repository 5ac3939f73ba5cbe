import { catalogue, completeness, nameByPosition, rounded, scattered } from "./catalogue.ts";
import type { Columns } from "./columns.ts";

const columns = {
  id: "string",
  ra: "double", // ICRS, degrees
  dec: "double",
  redshift: "double",
  redshift_error: "double",
  redshift_type: "string", // spec or phot
  r_mag: "double", // AB, total
  radius_arcsec: "double", // half of the light is within
} as const satisfies Columns;

/**
 * Photometric redshifts: scatter over 1 + z, and the share that is just wrong (Zhou et al. 2021,
 * MNRAS 501, 3309).
 */
const photometric = { error: 0.025, outliers: 0.04 };
const spectroscopicError = 0.0002;

/**
 * Galaxies as imaging surveys list them, half of those of r = 23 mag (Dey et al. 2019, AJ 157,
 * 168); with a spectrum half of those of 18.5 mag, between SDSS (17.8 mag; Strauss et al. 2002, AJ
 * 124, 1810) and DESI (19.5 mag; Hahn et al. 2023, AJ 165, 253) on a part of the sky.
 */
export const galaxies = catalogue("galaxies", columns, (sight, random) =>
  sight.galaxies
    .filter(({ magnitude }) => random.uniform() < completeness(magnitude, 23, 1.5))
    .map((galaxy) => {
      const { magnitude, radiusArcsec } = galaxy;
      const isSpectrum = random.uniform() < completeness(magnitude, 18.5, 3);
      const error = (isSpectrum ? spectroscopicError : photometric.error) * (1 + galaxy.redshift);
      const isWrong = !isSpectrum && random.uniform() < photometric.outliers;
      const redshift = isWrong
        ? random.between(0.02, 1)
        : galaxy.redshift + error * random.normal();
      return {
        id: nameByPosition("SIMG", galaxy),
        ...scattered(galaxy, 0.1, random),
        redshift: rounded(Math.max(0.0001, redshift), isSpectrum ? 5 : 3),
        redshift_error: rounded(error, 5),
        redshift_type: isSpectrum ? "spec" : "phot",
        r_mag: rounded(magnitude + 0.03 * random.normal(), 3),
        radius_arcsec: rounded(radiusArcsec * Math.exp(0.05 * random.normal()), 3),
      };
    }),
);
