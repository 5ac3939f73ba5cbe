import { DOUBLE, DuckDBScalarFunction, type DuckDBType, type DuckDBValue } from "@duckdb/node-api";

/**
 * A function of a position, ICRS degrees, for DuckDB: `name(ra, dec)`. NaN stands for what is null;
 * an answer of null or NaN is null.
 */
export function positionFunction(
  name: string,
  returnType: DuckDBType,
  of: (ra: number, dec: number) => DuckDBValue,
): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name,
    returnType,
    parameterTypes: [DOUBLE, DOUBLE],
    mainFunction: (_, input, output) => {
      const [ra, dec] = [input.getColumnVector(0), input.getColumnVector(1)];
      for (let row = 0; row < input.rowCount; row++) {
        const value = of(
          (ra.getItem(row) as number | null) ?? Number.NaN,
          (dec.getItem(row) as number | null) ?? Number.NaN,
        );
        output.setItem(row, Number.isNaN(value) ? null : value);
      }
      output.flush();
    },
  });
}
