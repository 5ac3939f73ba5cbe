import { DOUBLE, type DuckDBConnection, DuckDBScalarFunction, VARCHAR } from "@duckdb/node-api";
import { constellationAt } from "../sky/constellation.ts";

/** `constellation_at(ra, dec)`: the IAU's name of the constellation; null for what is no position. */
export function addConstellation(connection: DuckDBConnection): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: "constellation_at",
      returnType: VARCHAR,
      parameterTypes: [DOUBLE, DOUBLE],
      mainFunction: (_, input, output) => {
        const [ra, dec] = [input.getColumnVector(0), input.getColumnVector(1)];
        for (let row = 0; row < input.rowCount; row++) output.setItem(row, constellationAt(ra.getItem(row) as number, dec.getItem(row) as number));
        output.flush();
      },
    }),
  );
}
