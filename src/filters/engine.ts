import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { steadyMemory } from "../lake/upkeep.ts";
import { placeFunction } from "./places/function.ts";
import { Places } from "./places/places.ts";

/** A DuckDB that runs filters. */
export interface Engine {
  readonly connection: DuckDBConnection;
  /** Watch lists and areas that filters may name. */
  readonly places: Places;
  close(): void;
}

export interface EngineOptions {
  readonly memory?: string;
  readonly threads?: number;
  readonly places?: Places;
}

export async function openEngine({ memory = "1GB", threads = 1, places = new Places() }: EngineOptions = {}): Promise<Engine> {
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: memory, threads: String(threads), ...steadyMemory });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'");
  connection.registerScalarFunction(placeFunction(places));
  return { connection, places, close: () => instance.closeSync() };
}
