import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../errors.ts";
import { replaceWhole } from "../lake/durable.ts";
import { moveInto } from "../lake/rewrite.ts";
import { literal } from "../lake/scan.ts";
import { scratchFolder } from "../lake/tables.ts";
import type { Upkeep } from "../lake/upkeep.ts";
import type { Survey } from "../surveys/definition.ts";
import { FreshRows } from "./fresh.ts";
import { addSkyFunctions } from "./sky-functions.ts";
import {
  cellOrder,
  indexFile,
  type Pixel,
  pixelFile,
  rangeOfPixel,
  readState,
  type ServingState,
  sourcesFolder,
  stateFile,
} from "./state.ts";

export interface MergeOptions {
  /** Merges as soon as so many alerts wait, or a tenth of what is there. */
  readonly atLeast: number;
  readonly signal?: AbortSignal;
  /** Rows at which a pixel is cut into four. */
  readonly maxRows?: number;
}

/**
 * Rows of one turn: as many as are there already, so that merging all of a lake is little more than
 * writing it; more than that did not sort in 1 GB.
 */
const [leastAtOnce, mostAtOnce] = [100_000, 400_000];
/**
 * A reply of all of 240 columns costs CPU time by column, by row group of the file (statistics) and
 * by row of the group that is read. Measured for one object in a file of 21,000 alerts: zstd with
 * groups of 4,096 rows 33 ms, Snappy 20 ms; Snappy with groups of 2,048 rows 27 ms, of 8,192 19 ms,
 * of 16,384 20 ms.
 */
const parquetOptions = "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 8192";

/**
 * Takes what came to raw and science into `<survey>/sources`, a HATS catalogue clustered by
 * position. A pixel's file is replaced by one that has the new rows too, of each alert once: so a
 * crash costs the work and no more, for it is done again with the same result until `fink.json`
 * says how far it is. Readers put what came later beside it and take of each alert one row. Returns
 * the rows merged.
 */
export async function mergeSources(
  upkeep: Upkeep,
  lake: string,
  survey: Survey,
  options: MergeOptions,
): Promise<number> {
  if (survey.alert === undefined) return 0;
  // freed by the system when the process dies
  const lock = new DatabaseSync(join(scratchFolder(lake), "..", `serving-${survey.name}.lock.db`));
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return await mergeAlone(upkeep, lake, survey, options);
  } catch (error) {
    if (messageOf(error).includes("database is locked")) return 0; // another process is at it
    throw error;
  } finally {
    lock.close();
  }
}

async function mergeAlone(
  upkeep: Upkeep,
  lake: string,
  survey: Survey,
  options: MergeOptions,
): Promise<number> {
  addSkyFunctions(upkeep.connection);
  const file = join(upkeep.scratch, `merge-${randomUUID()}.db`);
  // on the disk: some hundred columns of many alerts do not fit into memory
  await upkeep.connection.run(`ATTACH ${literal(file)} AS merging; USE merging`);
  try {
    return await mergeAll(upkeep, lake, survey, options);
  } finally {
    await upkeep.connection.run("USE memory; DETACH merging");
    rmSync(file, { force: true });
  }
}

async function mergeAll(
  upkeep: Upkeep,
  lake: string,
  survey: Survey,
  options: MergeOptions,
): Promise<number> {
  const fresh = new FreshRows(upkeep.connection, upkeep.scratch, lake, survey);
  let merged = 0;
  for (;;) {
    const isNew = await fresh.advance(
      Math.min(mostAtOnce, Math.max(leastAtOnce, rowsIn(readState(lake, survey.name).pixels))),
    );
    const { base, reached } = fresh;
    if (!fresh.exists || (!isNew && !fresh.isBehind)) return merged;
    const state = readState(lake, survey.name);
    const waiting = await count(upkeep, fresh.name);
    const served = rowsIn(base.pixels);
    const isDue =
      merged > 0 ||
      fresh.isBehind ||
      waiting >= Math.min(options.atLeast, Math.max(10_000, served / 10));
    const isSame =
      reached.raw <= state.raw &&
      reached.science <= state.science &&
      reached.updates <= state.updates;
    if (waiting === 0 || isSame || !isDue || options.signal?.aborted) return merged;
    const pixels = await new Merger(upkeep, lake, survey.name, options.maxRows ?? 30_000).merge(
      fresh.name,
      base.pixels,
    );
    writeState(lake, survey, { ...state, ...reached, pixels: pixels.now });
    for (const path of pixels.obsolete) rmSync(path, { force: true });
    merged += waiting;
  }
}

class Merger {
  readonly #upkeep: Upkeep;
  readonly #lake: string;
  readonly #survey: string;
  readonly #maxRows: number;
  readonly now: Pixel[] = [];
  /** Files that were cut into four. */
  readonly obsolete: string[] = [];

  constructor(upkeep: Upkeep, lake: string, survey: string, maxRows: number) {
    [this.#upkeep, this.#lake, this.#survey, this.#maxRows] = [upkeep, lake, survey, maxRows];
  }

  async merge(fresh: string, pixels: readonly Pixel[]): Promise<this> {
    const { connection } = this.#upkeep;
    await connection.run(`CREATE OR REPLACE TABLE slice AS FROM ${fresh} ORDER BY _healpix_29`);
    await this.#mergeIndex();
    for (const pixel of pixels) await this.#mergePixel(pixel);
    await this.#write(
      join(sourcesFolder(this.#lake, this.#survey), "dataset/_common_metadata"),
      "SELECT * EXCLUDE (_rank) FROM slice LIMIT 0",
    );
    await connection.run("DROP TABLE slice");
    return this;
  }

  async #mergePixel(pixel: Pixel): Promise<void> {
    const [first, end] = rangeOfPixel(pixel);
    const within = `_healpix_29 >= ${first} AND _healpix_29 < ${end}`;
    const added = await count(this.#upkeep, `slice WHERE ${within}`);
    if (added === 0) return void this.now.push(pixel);
    const file = this.#file(pixel);
    const old =
      pixel.rows === 0
        ? []
        : [`SELECT *, 1 AS _rank FROM read_parquet(${literal(file)}, hive_partitioning = false)`];
    if (pixel.rows + added > this.#maxRows && pixel.order < cellOrder) {
      for (const select of old)
        await this.#upkeep.connection.run(`INSERT INTO slice BY NAME ${select}`);
      for (let child = 0; child < 4; child++)
        await this.#mergePixel({ order: pixel.order + 1, pixel: 4 * pixel.pixel + child, rows: 0 });
      if (old.length > 0) this.obsolete.push(file);
      return;
    }
    const union = [...old, `SELECT * FROM slice WHERE ${within}`].join(" UNION ALL BY NAME ");
    const best = `QUALIFY row_number() OVER (PARTITION BY _alert ORDER BY _rank DESC) = 1`;
    const rows = await this.#write(
      file,
      `SELECT * EXCLUDE (_rank) FROM (${union}) ${best} ORDER BY _healpix_29, _mjd`,
    );
    this.now.push({ ...pixel, rows });
  }

  /** It only grows: an object that is not there any more costs a look. */
  async #mergeIndex(): Promise<void> {
    const file = indexFile(this.#lake, this.#survey);
    const added = `SELECT DISTINCT _object AS object, (_healpix_29 >> ${2 * (29 - cellOrder)})::INTEGER AS cell FROM slice WHERE _object IS NOT NULL`;
    const select = existsSync(file) ? `FROM read_parquet(${literal(file)}) UNION ${added}` : added;
    await this.#write(file, `FROM (${select}) ORDER BY object, cell`);
  }

  async #write(file: string, select: string): Promise<number> {
    const written = join(this.#upkeep.scratch, `${randomUUID()}.parquet`);
    const result = await this.#upkeep.connection.run(
      `COPY (${select}) TO ${literal(written)} (${parquetOptions})`,
    );
    moveInto(file, written);
    return Number(result.rowsChanged);
  }

  #file(pixel: Pixel): string {
    return pixelFile(this.#lake, this.#survey, pixel);
  }
}

/**
 * What makes the folder a catalogue of HATS 1.0 (`hats.properties`, `partition_info.csv`);
 * `fink.json` last: from then on the rows count as merged.
 */
function writeState(lake: string, survey: Survey, state: ServingState): void {
  const folder = sourcesFolder(lake, survey.name);
  const filled = state.pixels.filter(({ rows }) => rows > 0);
  const rows = rowsIn(filled);
  const bytes = filled.reduce((sum, p) => sum + statSync(pixelFile(lake, survey.name, p)).size, 0);
  const properties = {
    obs_collection: `${survey.name}_sources`,
    dataproduct_type: "source",
    hats_nrows: rows,
    hats_col_ra: "_ra",
    hats_col_dec: "_dec",
    hats_col_healpix: "_healpix_29",
    hats_col_healpix_order: 29,
    hats_max_rows: Math.max(...filled.map((p) => p.rows)),
    hats_order: Math.max(...filled.map((p) => p.order)),
    hats_estsize: Math.ceil(bytes / 1024),
    hats_version: "v1.0",
    hats_builder: "fink",
  };
  mkdirSync(dirname(stateFile(lake, survey.name)), { recursive: true });
  const csv = ["Norder,Npix", ...filled.map(({ order, pixel }) => `${order},${pixel}`)];
  replaceWhole(join(folder, "partition_info.csv"), Buffer.from(`${csv.join("\n")}\n`));
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}`);
  replaceWhole(join(folder, "hats.properties"), Buffer.from(`${lines.join("\n")}\n`));
  replaceWhole(stateFile(lake, survey.name), Buffer.from(JSON.stringify(state)));
}

function rowsIn(pixels: readonly Pixel[]): number {
  return pixels.reduce((sum, { rows }) => sum + rows, 0);
}

async function count({ connection }: Upkeep, from: string): Promise<number> {
  const [[rows]] = await (await connection.run(`SELECT count(*)::DOUBLE FROM ${from}`)).getRows();
  return Number(rows);
}
