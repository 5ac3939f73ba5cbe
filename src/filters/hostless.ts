import type { Alerts } from "../science/module.ts";
import { ztfCandidate, ztfStatistic } from "../science/modules/elephant.ts";
import { randomNumbers } from "../science/modules/power-spectrum.ts";
import { readStamp } from "../science/modules/stamp.ts";

/** In SQL: an alert of ZTF that no catalogue explains. */
export const isUncatalogued =
  "candidate.distnr > 1.5 AND roid <> 3 AND NOT coalesce(simbad_known(cdsxmatch), false) AND NOT coalesce(startswith(DR3Name, 'Gaia'), false)";

export const hostlessNeeds = [
  "candidate.candid",
  "cutoutScience.stampData",
  "cutoutTemplate.stampData",
];

/**
 * Whether an alert of ZTF has no host: its science image is at most 0.5 from noise, its template at
 * most 0.85 (ELEPHANT, Pessi et al. 2024, A&A 691, A181). An alert has the same random numbers
 * whenever it is asked.
 */
export function isHostless(alerts: Alerts): (i: number) => boolean {
  const ids = alerts.longs("candidate.candid");
  return (i) => {
    const images = ["cutoutScience.stampData", "cutoutTemplate.stampData"].map((path) =>
      alerts.bytes(path, i),
    );
    const [science, template] = images.map((bytes) => bytes && readStamp(bytes));
    const masks = science && template && ztfCandidate(science, template);
    const random = randomNumbers(Number(BigInt.asIntN(32, ids[i])));
    return (
      !!masks &&
      ztfStatistic(science, masks[0], random) <= 0.5 &&
      ztfStatistic(template, masks[1], random) <= 0.85
    );
  };
}
