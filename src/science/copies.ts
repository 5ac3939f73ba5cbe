import type { AlertId } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import { idPaths, idsIn } from "./keys.ts";
import type { AlertFile } from "./parquet.ts";
import { publishedAt } from "./rows.ts";

/** The place of an alert in `raw`. */
export interface FirstCopy {
  readonly path: string;
  readonly row: number;
  /** µs since 1970; 0: not known. */
  readonly publishedAt: bigint;
  /** Source, partition and offset. */
  readonly origin: readonly [string, number, bigint];
}

/**
 * The copy of each wanted alert that the view `alerts` shows: the first by source, partition and
 * offset in these files of `raw`.
 */
export async function firstCopies(
  wanted: ReadonlySet<AlertId>,
  paths: readonly string[],
  open: (path: string) => Promise<AlertFile>,
  survey: Survey,
): Promise<Map<AlertId, FirstCopy>> {
  const first = new Map<AlertId, FirstCopy>();
  for (const path of paths) {
    const raw = await open(path);
    const alerts = await raw.read([
      ...idPaths(survey, raw),
      "_source",
      "_partition",
      "_offset",
      publishedAt,
    ]);
    const times = alerts.paths.has(publishedAt)
      ? alerts.longs(publishedAt)
      : new BigInt64Array(alerts.count);
    const [sources, partitions, offsets] = [
      alerts.texts("_source"),
      alerts.numbers("_partition"),
      alerts.longs("_offset"),
    ];
    for (const [row, id] of idsIn(alerts, survey).entries()) {
      if (!wanted.has(id)) continue;
      const copy: FirstCopy = {
        path,
        row,
        publishedAt: times[row],
        origin: [sources[row] ?? "", partitions[row], offsets[row]],
      };
      const other = first.get(id);
      if (!other || isBefore(copy, other)) first.set(id, copy);
    }
  }
  return first;
}

function isBefore({ origin: one }: FirstCopy, { origin: other }: FirstCopy): boolean {
  const at = one.findIndex((value, i) => value !== other[i]);
  return at >= 0 && one[at] < other[at];
}
