import { FinkError } from "../errors.ts";
import type { Survey } from "../surveys/definition.ts";
import type { AddFile } from "./actions.ts";
import { discard, groupsOf, rewrite } from "./rewrite.ts";
import { columnPath } from "./scan.ts";
import type { StructType } from "./schema.ts";
import { LakeTable } from "./table.ts";
import type { Upkeep } from "./upkeep.ts";

export interface CompactOptions {
  /** Size of the files to make; those below half of it are merged. */
  readonly targetBytes: number;
  /** Only this night. */
  readonly night?: string;
  /** Ends after the group in hand. */
  readonly signal?: AbortSignal;
}

export interface Compacted {
  readonly before: number;
  readonly after: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Groups given up because another writer replaced their files first. */
  readonly fenced: number;
}

/**
 * Merges small files of each partition, one commit for each new file: readers see the old files or
 * the new one. A crash before a commit leaves one file nothing refers to, which `vacuum` removes.
 */
export async function compactTable(
  upkeep: Upkeep,
  path: string,
  survey: Survey,
  options: CompactOptions,
): Promise<Compacted> {
  const table = new LakeTable(path);
  table.checkWritable();
  const done = { before: 0, after: 0, bytesBefore: 0, bytesAfter: 0, fenced: 0 };
  for (const group of smallFileGroups(table.snapshot.files.values(), options)) {
    if (options.signal?.aborted) break;
    const merged = await mergeGroup(upkeep, table, group, survey);
    if (!merged) done.fenced++;
    else {
      done.before += group.length;
      done.bytesBefore += sizeOf(group);
      done.after++;
      done.bytesAfter += merged.size;
    }
  }
  return done;
}

/**
 * Files to be merged into one each: small ones of one partition, together about as large as the
 * target.
 */
export function smallFileGroups(
  files: Iterable<AddFile>,
  { targetBytes, night }: CompactOptions,
): AddFile[][] {
  const small = [...files].filter(
    (f) =>
      f.size < targetBytes / 2 && (night === undefined || f.partitionValues["night"] === night),
  );
  return groupsOf(small, targetBytes).filter((group) => group.length > 1);
}

/** Null when another writer replaced one of the files meanwhile. */
async function mergeGroup(
  upkeep: Upkeep,
  table: LakeTable,
  group: readonly AddFile[],
  survey: Survey,
): Promise<AddFile | null> {
  const { schema } = table.snapshot;
  const { path, partitionColumns } = table;
  const merged = await rewrite(
    upkeep,
    { path, partitionColumns, schema },
    group,
    sortPaths(schema, survey),
  );
  try {
    table.commit({
      operation: "compact",
      add: [merged],
      remove: group.map((f) => f.path),
      dataChange: false,
    });
    return merged;
  } catch (error) {
    discard(path, [merged]);
    if (error instanceof FinkError && error.code === "fenced") return null;
    throw error;
  }
}

/** Object, then time: what is asked for together lies together. */
export function sortPaths(schema: StructType, { object, time }: Survey): string[] {
  return [object, time?.field].flatMap((paths) => columnPath(schema, paths) ?? []);
}

export function sizeOf(files: readonly AddFile[]): number {
  return files.reduce((sum, f) => sum + f.size, 0);
}
