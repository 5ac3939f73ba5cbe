import { catalogue, rounded } from "./catalogue.ts";
import type { Columns } from "./columns.ts";

/** Names of the Minor Planet Center's MPCORB table. */
const columns = {
  designation: "string", // unpacked
  H: "double", // absolute magnitude, V
  G: "double", // slope
  epoch: "double", // MJD, TT
  M: "double", // mean anomaly, degrees
  peri: "double", // argument of perihelion, J2000 ecliptic, degrees
  node: "double", // longitude of the ascending node, degrees
  incl: "double", // degrees
  e: "double",
  a: "double", // au
} as const satisfies Columns;

/**
 * Orbits that the Minor Planet Center knows, without error: they put the asteroid where its alert
 * is.
 */
export const asteroids = catalogue("asteroids", columns, ({ object: { asteroid } }) => {
  if (!asteroid?.designation) return [];
  const { designation, h, g, epoch, meanAnomaly, perihelion, node, inclination, e, a } = asteroid;
  return [
    {
      designation,
      H: rounded(h, 2),
      G: rounded(g, 2),
      epoch,
      M: meanAnomaly,
      peri: perihelion,
      node,
      incl: inclination,
      e,
      a,
    },
  ];
});
