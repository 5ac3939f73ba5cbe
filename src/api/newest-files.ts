import type { AddFile } from "../lake/actions.ts";
import { parseStats, statAt } from "../lake/merge-stats.ts";

interface FileTimes {
  readonly rows: number;
  /** ms since 1970. */
  readonly least: number;
  readonly greatest: number;
}

/** More files than this are not read for a list on a page. */
const mostFiles = 40;

/**
 * Paths of the files in which the newest rows by a time column are. The column's own range counts:
 * a file that compaction has just written is new and holds old rows. Where the range is not known,
 * the file's time is the latest that a row of it may have.
 */
export function newestFiles(files: Iterable<AddFile>, column: string, rows: number): Set<string> {
  const sorted = Array.from(files, (file) => ({ path: file.path, ...timesOf(file, column) })).sort(
    (a, b) => b.greatest - a.greatest,
  );
  const chosen = new Set<string>();
  let [have, least] = [0, Infinity];
  for (const file of sorted) {
    if (chosen.size === mostFiles || (have >= rows && file.greatest < least)) break;
    chosen.add(file.path);
    have += file.rows;
    least = Math.min(least, file.least);
  }
  return chosen;
}

const known = new WeakMap<AddFile, FileTimes>();

function timesOf(file: AddFile, column: string): FileTimes {
  const before = known.get(file);
  if (before) return before;
  const stats = file.stats === undefined ? undefined : parseStats(file.stats);
  const time = (values: Parameters<typeof statAt>[0], unknown: number) => {
    const value = statAt(values, column);
    return typeof value === "string" ? Date.parse(value) : unknown;
  };
  const times = {
    rows: Number(stats?.numRecords ?? 0),
    least: time(stats?.minValues, -Infinity),
    greatest: time(stats?.maxValues, file.modificationTime),
  };
  known.set(file, times);
  return times;
}
