import type { Api } from "../api.ts";
import { lsstCone, ztfCone } from "./conesearch.ts";
import { lsstCutouts, ztfCutouts } from "./cutouts.ts";
import { anomaly, blocks, classes, latests, tags } from "./latests.ts";
import { lsstForced, lsstObjects, lsstSources, ztfObjects } from "./objects.ts";
import { lsstResolver, ztfResolver } from "./resolver.ts";
import { addResources, type FinkDeps } from "./resource.ts";
import { lsstSchema, ztfSchema } from "./schema.ts";
import { lsstSkymap, ztfSkymap } from "./skymap.ts";
import { elsewhere, lsstSso, tracklet, ztfSso } from "./solar.ts";
import { lsstStatistics, ztfStatistics } from "./statistics.ts";

/** What Fink's own servers have at /api/v1: the same names, arguments, columns and formats. */
export const resources = [
  ztfObjects,
  lsstObjects,
  lsstSources,
  lsstForced,
  ztfCutouts,
  lsstCutouts,
  ztfCone,
  lsstCone,
  latests,
  anomaly,
  classes,
  tags,
  ztfSso,
  lsstSso,
  tracklet,
  ztfResolver,
  lsstResolver,
  ztfStatistics,
  lsstStatistics,
  ztfSchema,
  lsstSchema,
  ztfSkymap,
  lsstSkymap,
  blocks,
  ...elsewhere,
];

export function addFink(app: Api, deps: FinkDeps): void {
  addResources(app, deps, resources);
}
