import type { Random } from "../random.ts";
import { catalogue, rounded, scattered, shifted, type Star } from "./catalogue.ts";
import type { Columns, RowOf } from "./columns.ts";

/** Names and units of Gaia's `gaia_source`. */
const columns = {
  source_id: "long",
  ra: "double", // ICRS, degrees, at ref_epoch
  dec: "double",
  ref_epoch: "double", // Julian year
  parallax: "double", // mas
  parallax_error: "double", // mas
  pmra: "double", // mas/yr, times cos(dec)
  pmdec: "double", // mas/yr
  phot_g_mean_mag: "double", // here the AB magnitude in r
} as const satisfies Columns;

/**
 * Stars and quasars down to G = 20.7 with the errors and the zero-point of Gaia's third release
 * (Gaia Collaboration 2021, A&A 649, A1; Lindegren et al. 2021, A&A 649, A2 and A4).
 */
export const gaia = catalogue("gaia", columns, ({ stars }, random) =>
  stars.filter((star) => star.magnitude < 20.7).map((star) => sourceOf(star, random)),
);

const refEpoch = 2016;
/** The simulated stars stand still: where their alerts are is where they are at this epoch. */
const epochOfAlerts = 2026;
/** One-dimensional velocity of disc stars, km/s (Nordström et al. 2004, A&A 418, 989). */
const velocity = 35;
const zeroPointMas = -0.02;

function sourceOf({ ra, dec, magnitude, distancePc }: Star, random: Random): RowOf<typeof columns> {
  const error = parallaxError(magnitude);
  const kmPerSecond = [velocity * random.normal(), velocity * random.normal()];
  // mas/yr: 1 au/yr is 4.74 km/s
  const [east, north] = kmPerSecond.map((v) =>
    distancePc === null ? 0 : (1000 * v) / 4.74 / distancePc,
  );
  const years = refEpoch - epochOfAlerts;
  return {
    source_id: BigInt(random.integer(2 ** 31)) * 2n ** 32n + BigInt(random.integer(2 ** 32)),
    ...scattered(
      shifted(ra, dec, (east * years) / 1000, (north * years) / 1000),
      (0.8 * error) / 1000,
      random,
    ),
    ref_epoch: refEpoch,
    parallax:
      (distancePc === null ? 0 : 1000 / distancePc) + zeroPointMas + error * random.normal(),
    parallax_error: error,
    pmra: east + 1.03 * error * random.normal(),
    pmdec: north + 0.89 * error * random.normal(),
    phot_g_mean_mag: rounded(magnitude, 4),
  };
}

/** mas; a fit to the third release's table (ESA, Gaia science performance). */
function parallaxError(magnitude: number): number {
  const z = 10 ** (0.4 * (Math.max(magnitude, 13) - 15));
  return Math.sqrt(40 + 800 * z + 30 * z ** 2) / 1000;
}
