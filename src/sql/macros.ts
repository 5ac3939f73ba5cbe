import type { DuckDBConnection } from "@duckdb/node-api";

/** Degrees between two positions, by the haversine. */
const degrees =
  "2 * degrees(asin(least(1, sqrt(sin(radians(dec2 - dec1) / 2) ** 2 + cos(radians(dec1)) * cos(radians(dec2)) * sin(radians(ra2 - ra1) / 2) ** 2))))";

/**
 * Functions of the sky for queries. ADQL's: `CONTAINS(POINT(ra, dec), CIRCLE(ra0, dec0, radius)) =
 * 1`, `DISTANCE(POINT(…), POINT(…))`, degrees, with or without a frame before the numbers; ours:
 * `separation_arcsec(ra1, dec1, ra2, dec2)`, `in_cone(ra, dec, ra0, dec0, radius_arcsec)`. (DuckDB
 * takes `dec` for a type.)
 */
const skyMacros: Readonly<Record<string, string>> = {
  sky_degrees: `(ra1, dec1, ra2, dec2) AS ${degrees}`,
  separation_arcsec: "(ra1, dec1, ra2, dec2) AS 3600 * sky_degrees(ra1, dec1, ra2, dec2)",
  in_cone:
    "(a, d, a0, d0, radius_arcsec) AS abs(d - d0) <= radius_arcsec / 3600 AND separation_arcsec(a, d, a0, d0) <= radius_arcsec",
  point:
    "(a, d) AS {'lon': a::DOUBLE, 'lat': d::DOUBLE}, (frame, a, d) AS {'lon': a::DOUBLE, 'lat': d::DOUBLE}",
  circle:
    "(a, d, r) AS {'lon': a::DOUBLE, 'lat': d::DOUBLE, 'radius': r::DOUBLE}, (frame, a, d, r) AS {'lon': a::DOUBLE, 'lat': d::DOUBLE, 'radius': r::DOUBLE}",
  distance: "(p, q) AS sky_degrees(p.lon, p.lat, q.lon, q.lat)",
  adql_contains:
    "(p, c) AS CASE WHEN abs(p.lat - c.lat) <= c.radius AND sky_degrees(p.lon, p.lat, c.lon, c.lat) <= c.radius THEN 1 ELSE 0 END",
};

const guard = (size: string, call: string) =>
  `CASE WHEN ${size} > 10000 THEN error('more than 10,000 values or characters at once') ELSE system.main.${call} END`;
const ranges = (name: string) => {
  const times = ["TIMESTAMP", "TIMESTAMPTZ"].map(
    (type) =>
      `(a ${type}, b ${type}, c INTERVAL) AS ${guard("abs(epoch(b - a) / epoch(c))", `${name}(a, b, c)`)}`,
  );
  const numbers = [
    `(n) AS ${guard("n", `${name}(n)`)}`,
    `(a, b) AS ${guard("abs(b - a)", `${name}(a, b)`)}`,
    `(a, b, c) AS ${guard("abs((b - a) / c)", `${name}(a, b, c)`)}`,
  ];
  return [...numbers, ...times].join(", ");
};

/**
 * DuckDB's functions that make a value as large as a number says, within limits: DuckDB allocates
 * it outside of its memory limit, in one step that nothing interrupts.
 */
const limitedMacros: Readonly<Record<string, string>> = {
  range: ranges("range"),
  generate_series: ranges("generate_series"),
  repeat: `(a, n) AS ${guard("n * len(a)", "repeat(a, n)")}`,
  lpad: `(a, n, b) AS ${guard("n", "lpad(a, n, b)")}`,
  rpad: `(a, n, b) AS ${guard("n", "rpad(a, n, b)")}`,
};

/** Names of the macros that a statement may call. */
export const macroNames: ReadonlySet<string> = new Set(
  Object.keys({ ...skyMacros, ...limitedMacros }),
);

export async function createMacros(connection: DuckDBConnection): Promise<void> {
  for (const [name, macro] of Object.entries({ ...skyMacros, ...limitedMacros }))
    await connection.run(`CREATE MACRO ${name}${macro}`);
}

/** ADQL's CONTAINS, where it is one: DuckDB has a function of that name for texts. */
export function withoutAdql(sql: string): string {
  return sql.replace(/\bcontains(\s*\(\s*point\s*\()/gi, "adql_contains$1");
}
