import { mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { scratchFolder } from "./tables.ts";

/** A DuckDB that rewrites files, and a folder of its own in the lake that goes with it. */
export interface Upkeep {
  readonly connection: DuckDBConnection;
  readonly scratch: string;
}

/** Takes half of the cores, for the archive may be running beside it; what does not fit into the memory goes to the scratch folder. */
export async function withUpkeep<T>(lake: string, work: (upkeep: Upkeep) => Promise<T>, memory = "1GB"): Promise<T> {
  const scratch = join(scratchFolder(lake), randomUUID());
  mkdirSync(scratch, { recursive: true });
  const threads = String(Math.max(1, availableParallelism() >> 1));
  const instance = await DuckDBInstance.create(":memory:", { threads, memory_limit: memory, temp_directory: scratch });
  try {
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return await work({ connection, scratch });
  } finally {
    instance.closeSync();
    rmSync(scratch, { recursive: true, force: true });
  }
}
