import type { AlertId } from "../../surveys/alert-id.ts";
import { resolve } from "node:path";
import { openAlertFile } from "../../science/parquet.ts";
import { FinkError } from "../../errors.ts";

/** What simulated alerts are: the file `…_alerts.parquet` of ./fink simulate --truth. */
interface Truth {
  readonly alerts: ReadonlyMap<
    AlertId,
    { readonly class: string; readonly object: string; readonly mjd: number }
  >;
}

export interface ClassResult {
  readonly name: string;
  readonly alerts: number;
  readonly selected: number;
  /** Of the objects of the class, the part of which an alert is selected. */
  readonly completeness: number;
  /** Of the selected alerts, the part that is of the class. */
  readonly purity: number;
  /** Median over the objects that are selected; null: none is. */
  readonly delayDays: number | null;
}

export async function readTruth(given: string): Promise<Truth> {
  const path = resolve(given);
  const file = await openAlertFile(path);
  const lacking = ["alertId", "class", "objectId", "mjd"].find((column) => !file.paths.has(column));
  if (lacking !== undefined)
    throw new FinkError(
      "usage",
      `${path} has no column ${lacking}: name the …_alerts.parquet that ./fink simulate --truth wrote`,
    );
  const columns = await file.read(["alertId", "class", "objectId", "mjd"]);
  const [ids, classes, objects, mjd] = [
    columns.longs("alertId"),
    columns.texts("class"),
    columns.texts("objectId"),
    columns.numbers("mjd"),
  ];
  return {
    alerts: new Map(
      Array.from(ids, (id, i) => [
        id,
        { class: classes[i] ?? "", object: objects[i] ?? "", mjd: mjd[i] },
      ]),
    ),
  };
}

/** By class, those that are selected most first. */
export function byClass(
  { alerts }: Truth,
  selected: readonly { readonly alert: AlertId }[],
): ClassResult[] {
  const known = selected.flatMap(({ alert }) => alerts.get(alert) ?? []);
  const chosen = Map.groupBy(known, (one) => one.class);
  return [...Map.groupBy(alerts.values(), (one) => one.class)]
    .map(([name, all]) => {
      const own = chosen.get(name) ?? [];
      const [first, found] = [firstOf(all), firstOf(own)];
      const delays = [...found]
        .map(([object, mjd]) => mjd - (first.get(object) ?? mjd))
        .sort((a, b) => a - b);
      const delayDays = delays.length === 0 ? null : delays[delays.length >> 1];
      return {
        name,
        alerts: all.length,
        selected: own.length,
        completeness: found.size / first.size,
        purity: own.length / Math.max(1, known.length),
        delayDays,
      };
    })
    .sort((a, b) => b.selected - a.selected || b.alerts - a.alerts);
}

/** Time of each object's first alert. */
function firstOf(
  alerts: readonly { readonly object: string; readonly mjd: number }[],
): Map<string, number> {
  const first = new Map<string, number>();
  for (const { object, mjd } of alerts)
    first.set(object, Math.min(mjd, first.get(object) ?? Infinity));
  return first;
}
