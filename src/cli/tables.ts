import { didYouMean } from "../config/nearest.ts";
import { FinkError } from "../errors.ts";
import { type TableName, tablesIn } from "../lake/tables.ts";
import { flag } from "./flags.ts";

/** Flags of commands that work on tables. */
export const tableFlags = {
  survey: flag("NAME", "Only this survey"),
  kind: flag("KIND", "Only these tables, e.g. raw"),
};

/** The tables that the flags choose; throws when there is none of that name. */
export function chosenTables(
  lake: string,
  { survey, kind }: { survey?: string; kind?: string },
): TableName[] {
  const all = tablesIn(lake);
  for (const [name, known] of [
    [survey, all.map((t) => t.survey)],
    [kind, all.map((t) => t.kind)],
  ] as const) {
    if (name !== undefined && !known.includes(name))
      throw new FinkError("usage", `the lake has no ${name}${didYouMean(name, new Set(known))}`);
  }
  return all.filter((t) => (survey ?? t.survey) === t.survey && (kind ?? t.kind) === t.kind);
}
