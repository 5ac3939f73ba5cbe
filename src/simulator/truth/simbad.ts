import { catalogue, completeness, nameByPosition, scattered } from "./catalogue.ts";
import type { Columns } from "./columns.ts";

const columns = {
  main_id: "string",
  ra: "double", // ICRS, degrees
  dec: "double",
  otype: "string", // short label
} as const satisfies Columns;

/** One in so many stars is there, but only as a star: nobody has noticed that it varies. */
const unnoticed = 0.15;

/**
 * What the literature had before the alert (Wenger et al. 2000, A&AS 143, 9): half of the stars of
 * 16.5 mag, active galaxies of 19.5 and other galaxies of 17.5. A galaxy with an active nucleus is
 * listed once, as that.
 */
export const simbad = catalogue("simbad", columns, ({ object, stars, galaxies }, random) => {
  const points = stars.map(({ simbadType, distancePc, ...star }) => {
    const half = distancePc === null ? 19.5 : 16.5;
    return {
      ...star,
      half,
      otype: simbadType && distancePc !== null && random.uniform() < unnoticed ? "*" : simbadType,
    };
  });
  const hasNucleus = stars.some(({ distancePc }) => distancePc === null);
  const extended = galaxies
    .slice(hasNucleus && object.host ? 1 : 0)
    .map((galaxy) => ({ ...galaxy, half: 17.5, otype: "G" }));
  return [...points, ...extended]
    .filter(
      ({ magnitude, half, otype }) =>
        random.uniform() < completeness(magnitude, half, 4) && otype !== undefined,
    )
    .map((thing) => ({
      main_id: nameByPosition("SIM", thing),
      ...scattered(thing, thing.otype === "G" ? 0.5 : 0.1, random),
      otype: thing.otype ?? null,
    }));
});
