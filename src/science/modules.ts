import { configSchema } from "../config/schema.ts";
import type { ScienceModule } from "./module.ts";
import { anomalyScore } from "./modules/anomaly.ts";
import { cats } from "./modules/cats.ts";
import { earlyIaLsst } from "./modules/early-ia-lsst.ts";
import { earlySn } from "./modules/early-sn.ts";
import { earlySupernovaIa } from "./modules/early-supernova-ia.ts";
import { kilonova } from "./modules/kilonova.ts";
import { superluminous } from "./modules/superluminous.ts";
import { elephantLsst, elephantZtf } from "./modules/elephant.ts";
import { finkClass } from "./modules/fink-class.ts";
import { lcFeaturesLsst } from "./modules/lc-features-lsst.ts";
import { lcFeaturesZtf } from "./modules/lc-features-ztf.ts";
import { magnitudeRate } from "./modules/magnitude-rate.ts";
import { photometryLsst, photometryZtf } from "./modules/apparent.ts";
import { microlensing } from "./modules/microlensing.ts";
import { nalerthist } from "./modules/nalerthist.ts";
import { qualityModules } from "./modules/quality.ts";
import { roid } from "./modules/roid.ts";
import { rubinCataloged, rubinLabels, rubinMainLabels } from "./modules/rubin-labels.ts";
import { snnSniaVsNonia, snnSnVsAll, snnSnVsOthers } from "./modules/supernnova.ts";
import { transient } from "./modules/transient.ts";

const ztf = [
  nalerthist,
  roid,
  transient,
  lcFeaturesZtf,
  magnitudeRate,
  photometryZtf,
  elephantZtf,
  snnSniaVsNonia,
  snnSnVsAll,
  kilonova,
  earlySupernovaIa,
  anomalyScore,
  superluminous,
  microlensing,
  finkClass,
  earlySn,
];
const lsst = [
  rubinLabels,
  rubinCataloged,
  lcFeaturesLsst,
  photometryLsst,
  elephantLsst,
  snnSnVsOthers,
  cats,
  earlyIaLsst,
  rubinMainLabels,
];

/**
 * Shipped modules that depend on no configuration; one that reads what another adds runs after it.
 */
export const fixedModules: readonly ScienceModule[] = [...ztf, ...lsst];

/** The shipped modules as they are without a configuration. */
export const modules: readonly ScienceModule[] = [
  ...fixedModules,
  ...qualityModules(configSchema.parse({}).science),
];

const shippedNames = new Set(modules.map(({ name }) => name));

/** A user's module that replaces a shipped one counts as the user's. */
export function isShipped(module: ScienceModule): boolean {
  return shippedNames.has(module.name) && modules.some(({ about }) => about === module.about);
}

const mayLack = new Set(modules.flatMap(({ needs }) => needs));

/**
 * True for a column of packets that a shipped module reads: alerts of some schema versions lack it,
 * and it is null for them.
 */
export function mayBeAbsent(path: string): boolean {
  return mayLack.has(path);
}
