import { allFilterFiles } from "../../filters/library.ts";
import { MissedRanges, missedText } from "../../filters/missed.ts";
import { readStates } from "../../filters/states.ts";
import { surveysWith } from "../../lake/tables.ts";
import type { CommandContext } from "../command.ts";
import { table } from "../table.ts";

/** Shows every filter with what the service says of it. */
export async function list(context: CommandContext): Promise<void> {
  const { config } = context.config();
  const states = new Map(readStates(config.lake).map((state) => [state.file, state]));
  const hour = Math.floor(Date.now() / 3_600_000);
  const surveys = surveysWith(config.lake, "missed");
  const missed = new Map(
    await Promise.all(
      surveys.map(
        async (survey) => [survey, await new MissedRanges(config.lake, survey).all()] as const,
      ),
    ),
  );
  const rows = allFilterFiles(config.filters.folder, config.filters).map(
    ({ survey, name, file }) => {
      const state = states.get(file);
      const matchesPerHour = state ? lastHour(state.matches, hour) : null;
      const microsecondsPerAlert =
        state && state.alerts > 0 ? (1000 * state.milliseconds) / state.alerts : null;
      const { version, state: is, reason } = state ?? { version: 0, state: "not run", reason: "" };
      const own = (missed.get(survey) ?? []).filter((range) => range.filter === name);
      return {
        survey,
        name,
        version,
        state: is,
        matchesPerHour,
        microsecondsPerAlert,
        reason: reason || (own.at(-1)?.reason ?? ""),
        missed: own,
        file,
      };
    },
  );
  if (context.json) return context.print(JSON.stringify(rows, null, 1));
  const cells = rows.map((r) => [
    r.survey,
    r.name,
    r.version || null,
    r.matchesPerHour,
    r.microsecondsPerAlert?.toFixed(1),
    r.state,
    missedText(r.missed),
    r.reason,
  ]);
  context.print(
    table(["survey", "filter", "version", "matches/h", "µs/alert", "state", "missed", ""], cells),
  );
  if (rows.some((row) => row.missed.length > 0))
    context.print(
      "missed: versions of a table whose alerts a filter did not look at; ./fink filter rerun F does.",
    );
}

/** Matches of the hour that is past by now: of this one, and the rest of the one before. */
function lastHour(matches: Readonly<Record<string, number>>, hour: number): number {
  const rest = 1 - (Date.now() / 3_600_000 - hour);
  return Math.round((matches[hour] ?? 0) + rest * (matches[hour - 1] ?? 0));
}
