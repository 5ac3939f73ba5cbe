import type { FilterFunction } from "../../src/filters/filter.ts";
import { keptAt } from "../../src/science/catalogue/kept-column.ts";
import { allWithin } from "../../src/science/catalogue/match.ts";
import { degreesOf } from "../../src/sky/angle.ts";

/** A galaxy is looked for within 0.01 Mpc of its centre, and none farther than this. */
const farthestArcsec = 2 * 3600;

export const earlyKnCandidates: FilterFunction = {
  description:
    "Kilonova candidates by their place: less than 6 hours old and within 10 kpc of a galaxy at whose distance they have an absolute magnitude of -17 to -15. No known asteroid, off the " +
    "galactic plane and the ecliptic, near a galaxy or uncatalogued by SIMBAD. " +
    "Needs the catalogue mangrove, and is off without it: make mangrove_filtered.csv as filter_utils.py of the original does (or take your own with lum_dist and ang_dist in Mpc), then " +
    "./fink catalog add mangrove_filtered.csv --name mangrove --ra ra --dec dec --keep HyperLEDA_name,2MASS_name,lum_dist,ang_dist --radius 10. " +
    "Unlike the original: that one asks SDSS over the network for stars and quasars within 5″; a filter here asks nobody.",
  origin:
    "fink-filters, ztf/livestream/filter_early_kn_candidates; Ducoin et al. 2020, MNRAS 492, 4768 (Mangrove)",
  where: `candidate.drb > 0.5 AND candidate.classtar > 0.4 AND candidate.jd - candidate.jdstarthist < 0.25 AND roid <> 3 AND simbad_host(cdsxmatch)
    AND abs(galactic_b(candidate.ra, candidate.dec)) > 10 AND abs(ecliptic_lat(candidate.ra, candidate.dec)) > 10`,
  needs: ["candidate.ra", "candidate.dec", "candidate.magpsf"],
  catalogues: ["mangrove"],
  async select(alerts, context) {
    const galaxies = await context.catalogue("mangrove");
    const [ra, dec, magpsf] = ["ra", "dec", "magpsf"].map((field) =>
      alerts.numbers(`candidate.${field}`),
    );
    const [luminosityDistance, angularDistance] = ["lum_dist", "ang_dist"].map(
      (name) => (row: number) => Number(keptAt(galaxies.kept[name], row)),
    );
    const radii = Float64Array.from({ length: galaxies.info.rows }, (_, row) =>
      Math.min(farthestArcsec, 3600 * degreesOf(0.01 / angularDistance(row))),
    );
    const { offsets, rows } = allWithin(galaxies, { ra, dec }, radii);
    return Uint8Array.from(magpsf, (mag, i) => {
      const absolute = Array.from(
        rows.subarray(offsets[i], offsets[i + 1]),
        (row) => mag - 25 - 5 * Math.log10(luminosityDistance(row)),
      );
      return Number(absolute.some((one) => one > -17 && one < -15));
    });
  },
};
