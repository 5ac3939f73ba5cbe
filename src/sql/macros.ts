import type { DuckDBConnection } from "@duckdb/node-api";

/** Degrees between two positions, by the haversine. */
const degrees =
  "2 * degrees(asin(least(1, sqrt(sin(radians(dec2 - dec1) / 2) ** 2 + cos(radians(dec1)) * cos(radians(dec2)) * sin(radians(ra2 - ra1) / 2) ** 2))))";

/**
 * Functions of the sky for queries. ADQL's: `CONTAINS(POINT(ra, dec), CIRCLE(ra0, dec0, radius)) = 1`, `DISTANCE(POINT(…), POINT(…))`, degrees, with or without
 * a frame before the numbers; ours: `separation_arcsec(ra1, dec1, ra2, dec2)`, `in_cone(ra, dec, ra0, dec0, radius_arcsec)`. (DuckDB takes `dec` for a type.)
 */
export async function createMacros(connection: DuckDBConnection): Promise<void> {
  for (const macro of [
    `sky_degrees(ra1, dec1, ra2, dec2) AS ${degrees}`,
    "separation_arcsec(ra1, dec1, ra2, dec2) AS 3600 * sky_degrees(ra1, dec1, ra2, dec2)",
    "in_cone(a, d, a0, d0, radius_arcsec) AS abs(d - d0) <= radius_arcsec / 3600 AND separation_arcsec(a, d, a0, d0) <= radius_arcsec",
    "point(a, d) AS {'lon': a::DOUBLE, 'lat': d::DOUBLE}, (frame, a, d) AS {'lon': a::DOUBLE, 'lat': d::DOUBLE}",
    "circle(a, d, r) AS {'lon': a::DOUBLE, 'lat': d::DOUBLE, 'radius': r::DOUBLE}, (frame, a, d, r) AS {'lon': a::DOUBLE, 'lat': d::DOUBLE, 'radius': r::DOUBLE}",
    "distance(p, q) AS sky_degrees(p.lon, p.lat, q.lon, q.lat)",
    "adql_contains(p, c) AS CASE WHEN abs(p.lat - c.lat) <= c.radius AND sky_degrees(p.lon, p.lat, c.lon, c.lat) <= c.radius THEN 1 ELSE 0 END",
  ]) {
    await connection.run(`CREATE MACRO ${macro}`);
  }
}

/** ADQL's CONTAINS, where it is one: DuckDB has a function of that name for texts. */
export function withoutAdql(sql: string): string {
  return sql.replace(/\bcontains(\s*\(\s*point\s*\()/gi, "adql_contains$1");
}
