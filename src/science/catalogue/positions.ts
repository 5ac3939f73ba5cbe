import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import {
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBScalarFunction,
  INTEGER,
  VARCHAR,
} from "@duckdb/node-api";
import { FinkError } from "../../errors.ts";
import { temporaryFolder } from "../../folder.ts";
import { positionFunction } from "../../lake/position-function.ts";
import { identifier } from "../../lake/scan.ts";
import { steadyMemory } from "../../lake/upkeep.ts";
import { nestedPixel } from "../../sky/healpix.ts";
import { degreesOfText } from "../../sky/sexagesimal.ts";
import { catalogueOrder, type Positions } from "./match.ts";
import { degreesPerUnit } from "./angle-unit.ts";
import { columnNamed, openSourceFile, readingSource, type SourceColumn } from "./source-file.ts";

/**
 * A DuckDB that knows `nested_pixel(ra, dec)` and `degrees_of(text, is_ra)`, both null for what is
 * no position, and a folder; both go when the work is done.
 */
export async function withSkySql<T>(
  folder: string,
  work: (connection: DuckDBConnection, scratch: string) => Promise<T>,
): Promise<T> {
  const scratch = temporaryFolder("catalogue", folder);
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "1GB",
    temp_directory: scratch,
    ...steadyMemory,
  });
  try {
    const connection = await instance.connect();
    connection.registerScalarFunction(
      positionFunction("nested_pixel", INTEGER, (ra, dec) => nestedPixel(catalogueOrder, ra, dec)),
    );
    connection.registerScalarFunction(degreesFunction());
    return await work(connection, scratch);
  } finally {
    instance.closeSync();
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * A column of right ascensions or declinations as degrees, in SQL; null for what is no angle.
 * Numbers are in the unit of the column, text may be sexagesimal. Throws "usage" for a unit that is
 * none of angles, and for a column that has none.
 */
export function degreesSql(column: SourceColumn, isRightAscension: boolean): string {
  if (column.kind === "other")
    throw new FinkError("usage", `column ${column.name} has neither numbers nor text`);
  const factor = degreesPerUnit(column);
  const name = identifier(column.name);
  const number = `TRY_CAST(${name} AS DOUBLE)${factor === 1 ? "" : ` * ${factor}`}`;
  const degrees =
    column.kind === "text"
      ? `coalesce(${number}, degrees_of(${name}, ${isRightAscension}))`
      : number;
  return isRightAscension
    ? `CASE WHEN ${degrees} BETWEEN -180 AND 360 THEN ${degrees} END`
    : degrees;
}

/** The positions of a file, row by row; NaN where there is none. */
export async function positionsIn(
  file: string,
  raColumn: string,
  decColumn: string,
): Promise<Positions> {
  return await withSkySql(tmpdir(), async (connection, scratch) => {
    const source = await openSourceFile(connection, file, scratch);
    const [ra, dec] = [columnNamed(source, raColumn, file), columnNamed(source, decColumn, file)];
    const select = `SELECT ${degreesSql(ra, true)}, ${degreesSql(dec, false)} FROM `;
    return await readingSource(file, async () => {
      const result = await connection.runAndReadAll(
        select + (await source.relation([...new Set([ra.name, dec.name])])),
      );
      const [ras = [], decs = []] = result.getColumns() as (number | null)[][];
      return {
        ra: Float64Array.from(ras, (value) => value ?? NaN),
        dec: Float64Array.from(decs, (value) => value ?? NaN),
      };
    });
  });
}

function degreesFunction(): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name: "degrees_of",
    parameterTypes: [VARCHAR, BOOLEAN],
    returnType: DOUBLE,
    mainFunction: (_, input, output) => {
      const [text, isRa] = [input.getColumnVector(0), input.getColumnVector(1)];
      for (let i = 0; i < input.rowCount; i++) {
        const degrees = degreesOfText(
          (text.getItem(i) as string | null) ?? "",
          isRa.getItem(i) as boolean,
        );
        output.setItem(i, Number.isNaN(degrees) ? null : degrees);
      }
      output.flush();
    },
  });
}
