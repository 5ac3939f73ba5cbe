import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { steadyMemory } from "../lake/upkeep.ts";

/** A DuckDB that runs filters. */
export interface Engine {
  readonly connection: DuckDBConnection;
  close(): void;
}

export async function openEngine({ memory = "1GB", threads = 1 }: { readonly memory?: string; readonly threads?: number } = {}): Promise<Engine> {
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: memory, threads: String(threads), ...steadyMemory });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'");
  return { connection, close: () => instance.closeSync() };
}
