import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../config/load.ts";

/**
 * A line of test/science/fidelity/*.json, which tests hold to what they find: how one module agrees
 * with the reference.
 */
export interface Fidelity {
  readonly survey: "ztf" | "lsst";
  readonly module: string;
  readonly columns: string;
  readonly compared: number;
  readonly equal: number;
  /** Not equal, but within the tolerance. */
  readonly within: number;
  readonly differing: number;
  /** Relative for values, absolute for scores; null: only what is equal agrees. */
  readonly tolerance: number | null;
  /** Why values differ or what was left out; empty: nothing to say. */
  readonly note: string;
}

/** How each module agrees with what Fink's own code gave for the same alerts. */
export function fidelityPage(): string {
  const files = globSync(join(projectFolder, "test/science/fidelity/*.json")).sort();
  const rows = files.flatMap((file) => JSON.parse(readFileSync(file, "utf8")) as Fidelity[]);
  const notes = [...new Set(rows.map(({ note }) => note).filter((note) => note !== ""))];
  const sections = [...new Set(rows.map(({ survey }) => survey))]
    .sort()
    .reverse()
    .map((survey) => {
      const lines = rows
        .filter((row) => row.survey === survey)
        .sort((a, b) => a.module.localeCompare(b.module, "en"))
        .map((row) => line(row, notes.indexOf(row.note) + 1));
      return [
        `## ${survey.toUpperCase()}`,
        "",
        "| module | columns | compared | equal | within | tolerance | differing | |",
        "|---|---|---|---|---|---|---|---|",
        ...lines,
      ].join("\n");
    });
  return [
    ...sections,
    ...(notes.length > 0
      ? ["## Notes", notes.map((note, i) => `${i + 1}. ${note}`).join("\n")]
      : []),
  ].join("\n\n");
}

function line(
  { module, columns, compared, equal, within, tolerance, differing }: Fidelity,
  note: number,
): string {
  const cells = [
    module,
    columns,
    compared,
    equal,
    within,
    tolerance ?? "",
    differing,
    note > 0 ? `[${note}](#notes)` : "",
  ];
  return `| ${cells.join(" | ")} |`;
}
