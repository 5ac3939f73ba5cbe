import { join } from "node:path";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { type DuckDBConnection, DuckDBInstance, type DuckDBVector } from "@duckdb/node-api";
import { FinkError, messageOf } from "../../errors.ts";
import { identifier, literal } from "../../lake/scan.ts";
import { steadyMemory } from "../../lake/upkeep.ts";
import { type CatalogueInfo, catalogueFolder, cataloguesIn } from "../../lake/catalogues.ts";
import { catalogueNamed } from "./catalogue.ts";
import { castOf, type KeptColumn, keptColumnReader, sharedDoubles } from "./kept-column.ts";
import type { ProperMotion, Sources } from "./match.ts";

/**
 * A catalogue in memory: 20 bytes a source, 28 with proper motions, and what is kept of it. Plain
 * data in shared memory, so that it can be posted to threads.
 */
export interface Catalogue extends Sources {
  readonly info: CatalogueInfo;
  /** The kept columns by name. */
  readonly kept: Readonly<Record<string, KeptColumn>>;
}

/** By folder. */
const inMemory = new Map<
  string,
  { readonly edition: string; readonly catalogue: Promise<Catalogue> }
>();

/**
 * The edition of a catalogue, read once in a process, or by the thread that shares it; an earlier
 * edition is let go.
 */
export function catalogueInMemory(
  lake: string,
  { name, edition }: CatalogueInfo,
): Promise<Catalogue> {
  const folder = catalogueFolder(lake, name);
  const known = inMemory.get(folder);
  if (known?.edition === edition) return known.catalogue;
  const shared = isMainThread
    ? undefined
    : (getEnvironmentData(sharedFor(lake)) as Catalogue[] | undefined);
  const own = shared?.find(({ info }) => info.name === name && info.edition === edition);
  const catalogue = own ? Promise.resolve(own) : loadCatalogue(lake, name);
  inMemory.set(folder, { edition, catalogue });
  catalogue.catch(() => inMemory.delete(folder)); // it is tried again
  return catalogue;
}

/**
 * Reads all catalogues of the lake, for threads that are started from now on: they look into the
 * same memory. One that cannot be read is left to its module, which says so.
 */
export async function shareCatalogues(lake: string): Promise<void> {
  const catalogues: Catalogue[] = [];
  for (const info of cataloguesIn(lake)) {
    const catalogue = await catalogueInMemory(lake, info).catch(() => null);
    if (catalogue) catalogues.push(catalogue);
  }
  setEnvironmentData(sharedFor(lake), catalogues);
}

function sharedFor(lake: string): string {
  return `catalogues of ${lake}`;
}

/**
 * Ten million sources take 5 s: DuckDB's pieces are copied one by one, so that the file is never in
 * memory as a whole.
 */
export async function loadCatalogue(lake: string, name: string): Promise<Catalogue> {
  const info = catalogueNamed(lake, name);
  const file = join(catalogueFolder(lake, name), info.file);
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "1GB",
    threads: "1",
    ...steadyMemory,
  });
  try {
    return await readCatalogue(await instance.connect(), `read_parquet(${literal(file)})`, info);
  } catch (error) {
    throw new FinkError(
      "io",
      `${file} cannot be read (${messageOf(error)}); add the catalogue again`,
      error,
    );
  } finally {
    instance.closeSync();
  }
}

async function readCatalogue(
  connection: DuckDBConnection,
  relation: string,
  info: CatalogueInfo,
): Promise<Catalogue> {
  const kept = info.keep.map((name, i) => ({
    name,
    type: info.types[i],
    reader: keptColumnReader(info.types[i], info.rows),
  }));
  const [ra, dec, pixel] = [
    sharedDoubles(info.rows),
    sharedDoubles(info.rows),
    new Int32Array(new SharedArrayBuffer(4 * info.rows)),
  ];
  const moving = info.epochYear === null ? 0 : info.rows;
  const [raMasPerYear, decMasPerYear] = [1, 2].map(
    () => new Float32Array(new SharedArrayBuffer(4 * moving)),
  );
  const numbers = [ra, dec, pixel, ...(moving > 0 ? [raMasPerYear, decMasPerYear] : [])];
  const columns = [
    "ra",
    "dec",
    "hpx12",
    ...(moving > 0 ? ["pm_ra", "pm_dec"] : []),
    ...kept.map(({ name, type }) => `CAST(${identifier(name)} AS ${castOf[type]})`),
  ];
  const result = await connection.stream(`SELECT ${columns.join(", ")} FROM ${relation}`);
  let start = 0;
  for (
    let chunk = await result.fetchChunk();
    chunk && chunk.rowCount > 0;
    chunk = await result.fetchChunk()
  ) {
    const count = chunk.rowCount;
    numbers.forEach((array, i) => copyNumbers(chunk.getColumnVector(i), count, array, start));
    kept.forEach(({ reader }, i) =>
      reader.take(chunk.getColumnVector(numbers.length + i), count, start),
    );
    start += count;
  }
  const motion =
    info.epochYear === null
      ? null
      : {
          epochYear: info.epochYear,
          raMasPerYear,
          decMasPerYear,
          fastestMasPerYear: fastest(raMasPerYear, decMasPerYear),
        };
  return {
    info,
    ra,
    dec,
    pixel,
    motion,
    kept: Object.fromEntries(kept.map(({ name, reader }) => [name, reader.column])),
  };
}

function copyNumbers(
  vector: DuckDBVector,
  count: number,
  target: Float64Array | Float32Array | Int32Array,
  start: number,
): void {
  for (let i = 0; i < count; i++) target[start + i] = vector.getItem(i) as number;
}

function fastest(
  raMasPerYear: ProperMotion["raMasPerYear"],
  decMasPerYear: ProperMotion["decMasPerYear"],
): number {
  let most = 0;
  for (let i = 0; i < raMasPerYear.length; i++)
    most = Math.max(most, Math.hypot(raMasPerYear[i] || 0, decMasPerYear[i] || 0)); // NaN: unknown
  return most;
}
