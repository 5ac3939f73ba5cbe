import { join } from "node:path";
import { FinkError } from "../errors.ts";
import type { AddFile } from "./actions.ts";
import { groupsOf } from "./compact.ts";
import { discard, rewrite } from "./rewrite.ts";
import { type StructType, withFieldsOf } from "./schema.ts";
import type { LakeTable } from "./table.ts";
import { type Upkeep, withUpkeep } from "./upkeep.ts";

export interface WidenOptions {
  /** A larger table is left as it is, with FinkError "type-conflict". */
  readonly maxBytes?: number;
  /** Size of the files to make. */
  readonly targetBytes?: number;
}

/** Old files and the one that has their rows with the wider columns. */
interface Rewritten {
  readonly from: readonly AddFile[];
  readonly to: AddFile;
}

/** How often appends of other writers are caught up with before giving up. */
const maxTries = 20;

/**
 * Brings the table to the schema with the wider column types: all files are written anew and exchanged in one commit, whose version is returned.
 * Throws FinkError "fenced" when other writers add files faster than they are written. A crash leaves the table as it was.
 */
export async function widenTable(table: LakeTable, schema: StructType, { maxBytes = Infinity, targetBytes = 128e6 }: WidenOptions = {}): Promise<number> {
  const size = [...table.snapshot.files.values()].reduce((sum, f) => sum + f.size, 0);
  if (size > maxBytes) throw new FinkError("type-conflict", `${table.path} is too large to be widened at once (${size} bytes); run ./fink lake widen`);
  return await withUpkeep(join(table.path, "../.."), async (upkeep) => {
    let done: Rewritten[] = [];
    for (let tries = 1; ; tries++) {
      table.refresh();
      const target = withFieldsOf(table.snapshot.schema, schema);
      try {
        done = await catchUp(upkeep, table, target, done, targetBytes);
        const remove = done.flatMap(({ from }) => from.map((f) => f.path));
        return table.commit({ operation: "widen", add: done.map(({ to }) => to), remove, retype: target, dataChange: false });
      } catch (error) {
        if (error instanceof FinkError && error.code === "fenced" && tries < maxTries) continue;
        discardAll(table, done);
        throw error;
      }
    }
  });
}

/** Drops what was written of files that are gone, and writes what is missing. */
async function catchUp(upkeep: Upkeep, table: LakeTable, schema: StructType, done: Rewritten[], targetBytes: number): Promise<Rewritten[]> {
  const { path, partitionColumns, snapshot } = table;
  const files = new Map(snapshot.files);
  const valid = done.filter(({ from }) => from.every((f) => files.has(f.path)));
  discardAll(
    table,
    done.filter((one) => !valid.includes(one)),
  );
  const covered = new Set(valid.flatMap(({ from }) => from.map((f) => f.path)));
  const rest = [...files.values()].filter((f) => !covered.has(f.path));
  for (const from of groupsOf(rest, targetBytes)) valid.push({ from, to: await rewrite(upkeep, { path, partitionColumns, schema }, from, []) });
  return valid;
}

function discardAll(table: LakeTable, done: readonly Rewritten[]): void {
  discard(
    table.path,
    done.map(({ to }) => to),
  );
}
