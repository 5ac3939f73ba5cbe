import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { requireWritable, temporaryFolder } from "../folder.ts";
import { scratchFolder } from "./tables.ts";

/**
 * Settings of every DuckDB: freed memory goes back to the system soon (without, merging eight times
 * 128 MB leaves 1.1 GB resident, with it 0.65 GB), and the bytes of files are not kept a second
 * time beside the system's own cache (a service that follows a table grew by 25 MB a minute, up to
 * its limit).
 */
export const steadyMemory = {
  allocator_flush_threshold: "8MB",
  allocator_bulk_deallocation_flush_threshold: "8MB",
  enable_external_file_cache: "false",
};

/** A DuckDB that rewrites files, and a folder of its own in the lake that goes with it. */
export interface Upkeep {
  readonly connection: DuckDBConnection;
  readonly scratch: string;
}

/**
 * Takes half of the cores, for the archive may be running beside it; what does not fit into the
 * memory goes to the scratch folder. Rows with images need the memory where one file holds many of
 * them: DuckDB sorts a file's rows at once.
 */
export async function withUpkeep<T>(
  lake: string,
  work: (upkeep: Upkeep) => Promise<T>,
  memory = "2GB",
): Promise<T> {
  requireWritable(lake);
  const scratch = temporaryFolder("upkeep", scratchFolder(lake));
  const threads = String(Math.max(1, availableParallelism() >> 1));
  const instance = await DuckDBInstance.create(":memory:", {
    threads,
    memory_limit: memory,
    temp_directory: scratch,
    ...steadyMemory,
  });
  try {
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return await work({ connection, scratch });
  } finally {
    instance.closeSync();
    rmSync(scratch, { recursive: true, force: true });
  }
}
