import { asteroids } from "./asteroids.ts";
import type { Catalogue } from "./catalogue.ts";
import { gaia } from "./gaia.ts";
import { galaxies } from "./galaxies.ts";
import { simbad } from "./simbad.ts";
import { tns } from "./tns.ts";
import { variables } from "./variables.ts";

export const catalogues: readonly Catalogue[] = [simbad, gaia, galaxies, variables, tns, asteroids];
