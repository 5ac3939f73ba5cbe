import type { CatalogueInfo } from "../../lake/catalogues.ts";
import { catalogueNamed } from "../catalogue/catalogue.ts";
import { keptAt } from "../catalogue/kept-column.ts";
import { type Catalogue, catalogueInMemory } from "../catalogue/load.ts";
import { allWithin, nearestWithin } from "../catalogue/match.ts";
import type { MatchSource } from "./modules.ts";
import type { CrossMatch, Field } from "./rule.ts";

/**
 * A catalogue of the lake; when it is replaced, the next batch reads the new edition. Positions are
 * those of the catalogue's epoch, as Fink's. An alert has the nearest source whatever else is in
 * its batch: fink-science gives a source to one alert of a batch only, and so less to others at the
 * same place.
 */
export function catalogueSource(
  lake: string,
  { name, radiusArcsec, ignores }: CrossMatch,
  info: CatalogueInfo,
): MatchSource {
  let current = info;
  return {
    get edition() {
      return `${name}@${current.edition}`;
    },
    async ask(positions, survey) {
      current = catalogueNamed(lake, name);
      const catalogue = await catalogueInMemory(lake, current);
      const isIgnored = ignores?.[survey];
      if (!isIgnored)
        return Array.from(nearestWithin(catalogue, positions, radiusArcsec).rows, (row) =>
          row < 0 ? null : fieldOf(catalogue, row),
        );
      const { offsets, rows } = allWithin(catalogue, positions, radiusArcsec);
      return Array.from(positions.ra, (_, i) => {
        const row = rows
          .subarray(offsets[i], offsets[i + 1])
          .find((candidate) => !isIgnored(fieldOf(catalogue, candidate)));
        return row === undefined ? null : fieldOf(catalogue, row);
      });
    },
  };
}

function fieldOf({ kept }: Catalogue, row: number): Field {
  return (name) => (name in kept ? keptAt(kept[name], row) : null);
}
