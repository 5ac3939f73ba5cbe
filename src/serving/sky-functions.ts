import { BIGINT, type DuckDBConnection, VARCHAR } from "@duckdb/node-api";
import { positionFunction } from "../lake/position-function.ts";
import { constellationAt } from "../sky/constellation.ts";
import { nestedPixelBig } from "../sky/healpix.ts";

/**
 * `healpix29(ra, dec)`: the nested pixel of order 29, as HATS has it. `constellation_at(ra, dec)`:
 * the IAU's name of the constellation. Null for what is no position.
 */
export function addSkyFunctions(connection: DuckDBConnection): void {
  connection.registerScalarFunction(
    positionFunction("healpix29", BIGINT, (ra, dec) => nestedPixelBig(29, ra, dec)),
  );
  connection.registerScalarFunction(positionFunction("constellation_at", VARCHAR, constellationAt));
}
