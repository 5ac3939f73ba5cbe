import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, type DuckDBVector } from "@duckdb/node-api";
import { FinkError, messageOf } from "../../errors.ts";
import { identifier, literal } from "../../lake/scan.ts";
import { steadyMemory } from "../../lake/upkeep.ts";
import { type CatalogueInfo, catalogueFolder } from "../../lake/catalogues.ts";
import { catalogueNamed } from "./catalogue.ts";
import { type KeptColumn, keptColumn } from "./kept-column.ts";
import type { ProperMotion, Sources } from "./match.ts";

/** A catalogue in memory: 20 bytes a source, 28 with proper motions, and what is kept of it. */
export interface Catalogue extends Sources {
  readonly info: CatalogueInfo;
  /** The kept columns by name: `kept.VarType.get(row)`. */
  readonly kept: Readonly<Record<string, KeptColumn>>;
}

/** Ten million sources take 5 s: DuckDB's pieces are copied one by one, so that the file is never in memory as a whole. */
export async function loadCatalogue(lake: string, name: string): Promise<Catalogue> {
  const info = catalogueNamed(lake, name);
  const file = join(catalogueFolder(lake, name), info.file);
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "1GB", threads: "1", ...steadyMemory });
  try {
    return await readCatalogue(await instance.connect(), `read_parquet(${literal(file)})`, info);
  } catch (error) {
    throw new FinkError("io", `${file} cannot be read (${messageOf(error)}); add the catalogue again`, error);
  } finally {
    instance.closeSync();
  }
}

async function readCatalogue(connection: DuckDBConnection, relation: string, info: CatalogueInfo): Promise<Catalogue> {
  const types = new Map((await connection.runAndReadAll(`DESCRIBE FROM ${relation}`)).getRows() as [string, string][]);
  const kept = info.keep.map((name) => ({ name, column: keptColumn(types.get(name) ?? "", info.rows) }));
  const [ra, dec, pixel] = [new Float64Array(info.rows), new Float64Array(info.rows), new Int32Array(info.rows)];
  const moving = info.epochYear === null ? 0 : info.rows;
  const [raMasPerYear, decMasPerYear] = [new Float32Array(moving), new Float32Array(moving)];
  const numbers = [ra, dec, pixel, ...(moving > 0 ? [raMasPerYear, decMasPerYear] : [])];
  const columns = [
    "ra",
    "dec",
    "hpx12",
    ...(moving > 0 ? ["pm_ra", "pm_dec"] : []),
    ...kept.map(({ name, column }) => `CAST(${identifier(name)} AS ${column.cast})`),
  ];
  const result = await connection.stream(`SELECT ${columns.join(", ")} FROM ${relation}`);
  let start = 0;
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const count = chunk.rowCount;
    numbers.forEach((array, i) => copyNumbers(chunk.getColumnVector(i), count, array, start));
    kept.forEach(({ column }, i) => column.take(chunk.getColumnVector(numbers.length + i), count, start));
    start += count;
  }
  const motion =
    info.epochYear === null ? null : { epochYear: info.epochYear, raMasPerYear, decMasPerYear, fastestMasPerYear: fastest(raMasPerYear, decMasPerYear) };
  return { info, ra, dec, pixel, motion, kept: Object.fromEntries(kept.map(({ name, column }) => [name, column])) };
}

function copyNumbers(vector: DuckDBVector, count: number, target: Float64Array | Float32Array | Int32Array, start: number): void {
  for (let i = 0; i < count; i++) target[start + i] = vector.getItem(i) as number;
}

function fastest(raMasPerYear: ProperMotion["raMasPerYear"], decMasPerYear: ProperMotion["decMasPerYear"]): number {
  let most = 0;
  for (let i = 0; i < raMasPerYear.length; i++) most = Math.max(most, Math.hypot(raMasPerYear[i] || 0, decMasPerYear[i] || 0)); // NaN: unknown
  return most;
}
