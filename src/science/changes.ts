import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AddFile, RemoveFile } from "../lake/actions.ts";
import { actionsOf } from "../lake/log.ts";
import { rowsOf } from "../lake/merge-stats.ts";
import type { LakeTable } from "../lake/table.ts";

/** What a table got after a version. */
export interface Changes {
  readonly files: readonly AddFile[];
  /** Files of which rows are gone, or have become others. */
  readonly removed: readonly RemoveFile[];
  /** The version that they lead to. */
  readonly to: number;
  /** Whether these are all files of the table, whatever was read of it before. */
  readonly whole: boolean;
}

/**
 * Files with new rows in the entries after `from` and up to `last`, so many as hold some `rows`.
 * Where an entry, or a file that compaction replaced, is gone by vacuum: all files of the table, so
 * that who reads them must know the rows it has had.
 */
export function changesAfter(
  table: LakeTable,
  from: number,
  rows: number,
  last = Infinity,
): Changes {
  const files: AddFile[] = [];
  const removed: RemoveFile[] = [];
  let to = from;
  for (let count = 0; to < Math.min(table.snapshot.version, last) && count < rows; to++) {
    const actions = actionsOf(table.path, to + 1);
    const added = actions?.flatMap(({ add }) => (add?.dataChange ? [add] : []));
    if (!added?.every(({ path }) => existsSync(join(table.path, path))))
      return {
        files: [...table.snapshot.files.values()],
        removed: [],
        to: table.snapshot.version,
        whole: true,
      };
    files.push(...added);
    removed.push(...(actions ?? []).flatMap(({ remove }) => (remove?.dataChange ? [remove] : [])));
    count += added.reduce((sum, { stats }) => sum + (rowsOf(stats) ?? rows), 0);
  }
  return { files, removed, to, whole: false };
}

/** Files night by night, in pieces of about so many rows. */
export function inPieces(files: readonly AddFile[], rows: number): AddFile[][] {
  const pieces: AddFile[][] = [];
  let room = 0;
  for (const file of files.toSorted(
    (a, b) => Number(a.partitionValues["night"] ?? 0) - Number(b.partitionValues["night"] ?? 0),
  )) {
    if (room <= 0) {
      pieces.push([]);
      room = rows;
    }
    pieces.at(-1)!.push(file);
    room -= rowsOf(file.stats) ?? rows;
  }
  return pieces;
}
