import { BOOLEAN, DOUBLE, DuckDBScalarFunction, VARCHAR } from "@duckdb/node-api";
import { literal } from "../../lake/scan.ts";
import type { PlaceKind, Places } from "./places.ts";

const name = "fink_place";

/** SQL of a mask; the arguments after the place's name are SQL. */
export function placeSql(
  kind: PlaceKind,
  place: string,
  ra: string,
  dec: string,
  object: string,
): string {
  return `${name}(${literal(kind)}, ${literal(place)}, CAST(${ra} AS DOUBLE), CAST(${dec} AS DOUBLE), CAST(${object} AS VARCHAR))`;
}

/**
 * For DuckDB: whether an alert is at a place that was loaded. All rows of a call ask for one place.
 */
export function placeFunction(places: Places): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name,
    parameterTypes: [VARCHAR, VARCHAR, DOUBLE, DOUBLE, VARCHAR],
    returnType: BOOLEAN,
    // without it a null would be the answer to a null, such as an alert without an object
    specialHandling: true,
    mainFunction: (_, input, output) => {
      const [kind, place, ra, dec, object] = [0, 1, 2, 3, 4].map((column) =>
        input.getColumnVector(column),
      );
      const count = input.rowCount;
      const numbers = (vector: typeof ra) =>
        Float64Array.from(
          { length: count },
          (__, i) => (vector.getItem(i) as number | null) ?? Number.NaN,
        );
      const objects = Array.from({ length: count }, (__, i) => object.getItem(i) as string | null);
      const mask = places.mask(kind.getItem(0) as PlaceKind, place.getItem(0) as string)(
        { ra: numbers(ra), dec: numbers(dec) },
        objects,
      );
      for (let i = 0; i < count; i++) output.setItem(i, mask[i] === 1);
      output.flush();
    },
  });
}
