import { join } from "node:path";
import { FinkError } from "../errors.ts";
import type { Survey } from "../surveys/definition.ts";
import type { AddFile } from "./actions.ts";
import { sizeOf, sortPaths } from "./compact.ts";
import { discard, groupsOf, rewrite } from "./rewrite.ts";
import { firstValueSql, scan, type ScanTable } from "./scan.ts";
import { withFieldsOf } from "./schema.ts";
import { LakeTable } from "./table.ts";
import type { Upkeep } from "./upkeep.ts";

export interface MergeOptions {
  readonly targetBytes: number;
  readonly night?: string;
  /**
   * A night is merged when its last update is so old, or its updates are a tenth of it: each merge
   * writes the night anew.
   */
  readonly updatesIdleMs: number;
  readonly signal?: AbortSignal;
}

/** Table of the newer versions of rows of another. */
export function updatesOf(path: string): string {
  return `${path}_updates`;
}

/**
 * Puts the newest rows of `<table>_updates` in place of the older ones of the table, night by
 * night; files of the table that were rewritten. First the table gets them, then they are taken
 * from the updates: readers of both see the newest row at any time. A crash between the two leaves
 * updates that the table has already; the next merge finds nothing newer in them and takes them
 * away.
 */
export async function mergeUpdates(
  upkeep: Upkeep,
  path: string,
  survey: Survey,
  options: MergeOptions,
): Promise<number> {
  const updates = new LakeTable(updatesOf(path));
  let merged = 0;
  const nights = Map.groupBy(
    updates.snapshot.files.values(),
    (file) => file.partitionValues["night"] ?? null,
  );
  for (const [night, files] of nights) {
    if (options.signal?.aborted) break;
    if (options.night !== undefined && night !== options.night) continue;
    const table = new LakeTable(path);
    const own = [...table.snapshot.files.values()].filter(
      (file) => (file.partitionValues["night"] ?? null) === night,
    );
    if (!isWorthIt(files, own, options.updatesIdleMs)) continue;
    const done = await mergeNight(
      upkeep,
      { table, own, updates, files },
      survey,
      options.targetBytes,
    );
    if (done === null) continue; // another writer replaced files: at the next time
    merged += done;
    takeAway(updates, files);
  }
  return merged;
}

interface Night {
  readonly table: LakeTable;
  readonly own: readonly AddFile[];
  readonly updates: LakeTable;
  readonly files: readonly AddFile[];
}

function isWorthIt(updates: readonly AddFile[], own: readonly AddFile[], idleMs: number): boolean {
  const last = Math.max(...updates.map(({ modificationTime }) => modificationTime));
  return Date.now() - last >= idleMs || sizeOf(updates) * 10 >= sizeOf(own);
}

async function mergeNight(
  upkeep: Upkeep,
  { table, own, updates, files }: Night,
  survey: Survey,
  targetBytes: number,
): Promise<number | null> {
  const schema = withFieldsOf(table.snapshot.schema, updates.snapshot.schema);
  const { partitionColumns } = table;
  const seeds = join(upkeep.scratch, "seeds");
  const idOf = (table?: string) => firstValueSql(schema, survey.alert, table)!;
  const again = await scan(
    upkeep.connection,
    { path: updates.path, schema, partitionColumns },
    files,
    seeds,
  );
  const newest = `(SELECT * FROM (${again}) QUALIFY row_number() OVER (PARTITION BY ${idOf()} ORDER BY _revision DESC) = 1)`;
  const target: ScanTable = { path: table.path, schema, partitionColumns };
  let merged = 0;
  for (const group of groupsOf(own, targetBytes)) {
    const rows = await scan(upkeep.connection, target, group, seeds);
    const newer = `SELECT u.* FROM ${newest} AS u SEMI JOIN (${rows}) AS t ON ${idOf("u")} = ${idOf("t")} AND u._revision > t._revision`;
    if (
      Number(
        (await upkeep.connection.runAndReadAll(`SELECT count(*) FROM (${newer})`)).getRows()[0][0],
      ) === 0
    )
      continue;
    const result = `SELECT t.* FROM (${rows}) AS t ANTI JOIN (${newer}) AS n ON ${idOf("t")} = ${idOf("n")} UNION ALL ${newer}`;
    const file = await rewrite(upkeep, target, group, sortPaths(schema, survey), result);
    try {
      table.commit({
        operation: "merge updates",
        add: [file],
        remove: group.map((f) => f.path),
        schema,
        dataChange: false,
      });
      merged += group.length;
    } catch (error) {
      discard(table.path, [file]);
      if (error instanceof FinkError && error.code === "fenced") return null;
      throw error;
    }
  }
  return merged;
}

function takeAway(updates: LakeTable, files: readonly AddFile[]): void {
  try {
    updates.commit({
      operation: "merged updates",
      remove: files.map((f) => f.path),
      dataChange: false,
    });
  } catch (error) {
    // they were compacted meanwhile: at the next time
    if (!(error instanceof FinkError && error.code === "fenced")) throw error;
  }
}
