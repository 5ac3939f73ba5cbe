import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { steadyMemory } from "../lake/upkeep.ts";
import { BatchTable } from "./batch.ts";
import { placeFunction } from "./places/function.ts";
import { Places } from "./places/places.ts";

/** A DuckDB that runs filters. */
export interface Engine {
  readonly connection: DuckDBConnection;
  /** On which filters are run side by side: one per thread, the first is `connection`. */
  readonly connections: readonly DuckDBConnection[];
  /** Beside them: gives functions their alerts meanwhile. */
  readonly copying: DuckDBConnection;
  readonly batch: BatchTable;
  /** Watch lists and areas that filters may name. */
  readonly places: Places;
  close(): void;
}

export interface EngineOptions {
  readonly memory?: string;
  readonly threads?: number;
  readonly places?: Places;
}

export async function openEngine({
  memory = "1GB",
  threads = 1,
  places = new Places(),
}: EngineOptions = {}): Promise<Engine> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: memory,
    threads: String(threads),
    ...steadyMemory,
  });
  const [copying, ...connections] = await Promise.all(
    Array.from({ length: threads + 1 }, () => instance.connect()),
  );
  const [connection] = connections;
  for (const one of [copying, ...connections]) {
    await one.run("SET TimeZone = 'UTC'");
    // statements are kept while other alerts come: what they are planned with must not depend on
    // values
    await one.run("SET disabled_optimizers = 'statistics_propagation,compressed_materialization'");
    await one.run("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'");
  }
  connection.registerScalarFunction(placeFunction(places));
  return {
    connection,
    connections,
    copying,
    batch: new BatchTable(connection),
    places,
    close: () => instance.closeSync(),
  };
}
