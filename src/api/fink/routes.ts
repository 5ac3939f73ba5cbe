import type { Api } from "../api.ts";
import { conesearch } from "./conesearch.ts";
import { lsstCutouts, ztfCutouts } from "./cutouts.ts";
import { anomaly, blocks, classes, latests, tags } from "./latests.ts";
import { lsstForced, lsstObjects, lsstSources, ztfObjects } from "./objects.ts";
import { resolver } from "./resolver.ts";
import { addResources, type FinkDeps } from "./resource.ts";
import { lsstSchema, ztfSchema } from "./schema.ts";
import { skymaps } from "./skymap.ts";
import { elsewhere, solarSystem, tracklet } from "./solar.ts";
import { lsstStatistics, ztfStatistics } from "./statistics.ts";

/** What Fink's own servers have at /api/v1: the same names, arguments, columns and formats. */
export const resources = [
  ztfObjects,
  lsstObjects,
  lsstSources,
  lsstForced,
  ztfCutouts,
  lsstCutouts,
  ...conesearch,
  latests,
  anomaly,
  classes,
  tags,
  ...solarSystem,
  tracklet,
  ...resolver,
  ztfStatistics,
  lsstStatistics,
  ztfSchema,
  lsstSchema,
  ...skymaps,
  blocks,
  ...elsewhere,
];

export function addFink(app: Api, deps: FinkDeps): void {
  addResources(app, deps, resources);
}
