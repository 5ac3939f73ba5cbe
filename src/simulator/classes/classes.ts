import { agn } from "./agn.ts";
import { artefacts } from "./artefacts.ts";
import { blazar } from "./blazar.ts";
import { cepheid } from "./cepheid.ts";
import type { ClassModel } from "./class.ts";
import { dwarfNova } from "./dwarf_nova.ts";
import { eclipsingBinary } from "./eclipsing_binary.ts";
import { flareStar } from "./flare_star.ts";
import { kilonova } from "./kilonova.ts";
import { longPeriod } from "./long_period.ts";
import { luminousRedNova } from "./luminous_red_nova.ts";
import { mainBelt } from "./main_belt.ts";
import { microlensing } from "./microlensing.ts";
import { nearEarth } from "./near_earth.ts";
import { rrLyrae } from "./rr_lyrae.ts";
import { superluminous } from "./superluminous.ts";
import { tidalDisruption } from "./tidal_disruption.ts";
import { trojan } from "./trojan.ts";
import { typeIa } from "./type_ia.ts";
import { typeIbc } from "./type_ibc.ts";
import { typeII } from "./type_ii.ts";
import { typeIIn } from "./type_iin.ts";
import { youngStar } from "./young_star.ts";

/** All classes. A new one is a file in this folder and its name here. */
export const classes: readonly ClassModel[] = [
  // ends of stars, in other galaxies
  typeIa,
  typeIbc,
  typeII,
  typeIIn,
  superluminous,
  tidalDisruption,
  kilonova,
  luminousRedNova,
  // nuclei of galaxies
  agn,
  blazar,
  // stars
  rrLyrae,
  cepheid,
  eclipsingBinary,
  longPeriod,
  flareStar,
  dwarfNova,
  microlensing,
  youngStar,
  // the solar system: only append, for the number of an asteroid tells its place among these
  mainBelt,
  trojan,
  nearEarth,
  // made by the telescope
  ...artefacts,
];
