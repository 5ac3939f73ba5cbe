import { join } from "node:path";
import { FinkError } from "../errors.ts";
import type { AddFile } from "./actions.ts";
import { discard, groupsOf, rewrite } from "./rewrite.ts";
import { type StructType, withFieldsOf } from "./schema.ts";
import type { LakeTable } from "./table.ts";
import { type Upkeep, withUpkeep } from "./upkeep.ts";

/** Old files and the one that has their rows with the wider columns. */
interface Rewritten {
  readonly from: readonly AddFile[];
  readonly to: AddFile;
}

/** Size of the files to make. */
const targetBytes = 128e6;

/** How often appends of other writers are caught up with before giving up. */
const maxTries = 20;

/**
 * Brings the table to the schema with the wider column types: all files are written anew and
 * exchanged in one commit, whose version is returned. Throws FinkError "fenced" when other writers
 * add files faster than they are written. A crash leaves the table as it was.
 */
export async function widenTable(table: LakeTable, schema: StructType): Promise<number> {
  return await withUpkeep(join(table.path, "../.."), async (upkeep) => {
    let done: Rewritten[] = [];
    for (let tries = 1; ; tries++) {
      table.refresh();
      table.checkWritable();
      const target = withFieldsOf(table.snapshot.schema, schema);
      try {
        done = await catchUp(upkeep, table, target, done);
        const remove = done.flatMap(({ from }) => from.map((f) => f.path));
        return table.commit({
          operation: "widen",
          add: done.map(({ to }) => to),
          remove,
          retype: target,
          dataChange: false,
        });
      } catch (error) {
        if (error instanceof FinkError && error.code === "fenced" && tries < maxTries) continue;
        discardAll(table, done);
        throw error;
      }
    }
  });
}

/** Drops what was written of files that are gone, and writes what is missing. */
async function catchUp(
  upkeep: Upkeep,
  table: LakeTable,
  schema: StructType,
  done: Rewritten[],
): Promise<Rewritten[]> {
  const { path, partitionColumns, snapshot } = table;
  const files = new Map(snapshot.files);
  const valid = done.filter(({ from }) => from.every((f) => files.has(f.path)));
  const stale = done.filter((one) => !valid.includes(one));
  discardAll(table, stale);
  const covered = new Set(valid.flatMap(({ from }) => from.map((f) => f.path)));
  const rest = [...files.values()].filter((f) => !covered.has(f.path));
  for (const from of groupsOf(rest, targetBytes))
    valid.push({ from, to: await rewrite(upkeep, { path, partitionColumns, schema }, from, []) });
  return valid;
}

function discardAll(table: LakeTable, done: readonly Rewritten[]): void {
  for (const { to } of done) discard(table.path, [to]);
}
