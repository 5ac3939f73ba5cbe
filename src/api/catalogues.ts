import { join } from "node:path";
import { z } from "@hono/zod-openapi";
import { type CatalogueInfo, catalogueFolder, cataloguesIn } from "../lake/catalogues.ts";
import { identifier, literal } from "../lake/scan.ts";
import { catalogueOrder } from "../science/catalogue/match.ts";
import type { Sources } from "../serving/sources.ts";
import { separation } from "../sky/angle.ts";
import { coneCoverage } from "../sky/coverage.ts";
import { only } from "../config/plain-issues.ts";
import { type Api, jsonRoute } from "./api.ts";

const degrees = (least: number, greatest: number) => z.coerce.number().min(least).max(greatest);

const source = z
  .object({
    catalogue: z.string(),
    ra: z.number().describe("ICRS, degrees, at the catalogue's epoch"),
    dec: z.number(),
    separationArcsec: z.number(),
    values: z.record(z.string(), z.string()).describe("The columns that were kept of it"),
  })
  .openapi("CatalogueSource");
export type CatalogueSource = z.output<typeof source>;

const route = jsonRoute(
  {
    method: "get",
    path: "/api/v1/catalogues",
    operationId: "catalogues",
    summary: "Sources of the lake's catalogues around a position, nearest first",
    request: {
      query: only({
        ra: degrees(0, 360),
        dec: degrees(-90, 90),
        radius: degrees(0, 600).default(60).describe("Arcseconds, at most 600"),
      }),
    },
  },
  z.array(source),
);

/** Of each catalogue at most. */
const mostSources = 1000;

export function addCatalogues(app: Api, lake: string, sources: Sources): void {
  app.openapi(route, async (c) => {
    const { ra, dec, radius } = c.req.valid("query");
    const found = await Promise.all(
      cataloguesIn(lake).map((info) =>
        around(lake, sources, info, ra, dec, radius, c.req.raw.signal),
      ),
    );
    return c.json(
      found.flat().sort((a, b) => a.separationArcsec - b.separationArcsec),
      200,
    );
  });
}

async function around(
  lake: string,
  sources: Sources,
  info: CatalogueInfo,
  ra: number,
  dec: number,
  radius: number,
  signal: AbortSignal,
) {
  const { name, file, keep } = info;
  const cells = coneCoverage(catalogueOrder, ra, dec, radius / 3600).map(
    ([first, end]) => `(hpx12 >= ${first} AND hpx12 < ${end})`,
  );
  const columns = keep.map((column) => `${identifier(column)}::VARCHAR`);
  const sql = `SELECT ra, dec${columns.map((column) => `, ${column}`).join("")} FROM read_parquet(${literal(join(catalogueFolder(lake, name), file))})
    WHERE ${cells.join(" OR ")} LIMIT ${mostSources}`;
  const rows = await sources.use(signal, async (connection) =>
    (await connection.run(sql)).getRows(),
  );
  return rows
    .map(([toRa, toDec, ...values]): CatalogueSource => ({
      catalogue: name,
      ra: Number(toRa),
      dec: Number(toDec),
      separationArcsec: 3600 * separation(ra, dec, Number(toRa), Number(toDec)),
      values: Object.fromEntries(
        keep.flatMap((column, i) => (values[i] === null ? [] : [[column, String(values[i])]])),
      ),
    }))
    .filter(({ separationArcsec }) => separationArcsec <= radius);
}
