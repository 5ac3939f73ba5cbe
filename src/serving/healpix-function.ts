import { BIGINT, DOUBLE, type DuckDBConnection, DuckDBScalarFunction } from "@duckdb/node-api";
import { nestedPixelBig } from "../sky/healpix.ts";

/** `healpix29(ra, dec)`: the nested pixel of order 29, as HATS has it; null for what is no position. */
export function addHealpix(connection: DuckDBConnection): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: "healpix29",
      returnType: BIGINT,
      parameterTypes: [DOUBLE, DOUBLE],
      mainFunction: (_, input, output) => {
        const [ra, dec] = [input.getColumnVector(0), input.getColumnVector(1)];
        for (let row = 0; row < input.rowCount; row++) output.setItem(row, nestedPixelBig(29, ra.getItem(row) as number, dec.getItem(row) as number));
        output.flush();
      },
    }),
  );
}
