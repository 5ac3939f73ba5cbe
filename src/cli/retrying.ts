import { retry, type RetryCounts, type RetryOptions } from "../archive/retry.ts";
import { archiverOptions } from "../archive/setup.ts";
import type { CommandContext } from "./command.ts";
import { chosenTables } from "./tables.ts";

type Choice = Pick<RetryOptions, "survey" | "code" | "widenUpToBytes">;

/** Re-drives what waits and prints the counts. */
export async function retryAndReport(
  context: CommandContext,
  choice: Choice,
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<void> {
  const { config } = context.config(settings);
  // refuses a name the lake does not have
  if (choice.survey !== undefined) chosenTables(config.lake, { survey: choice.survey });
  const counts = await retry({ ...archiverOptions(config, config.lake), ...choice });
  if (context.json) return context.print(JSON.stringify(counts));
  context.print(summary(counts));
  for (const { survey, code, reason, messages } of counts.reasons.slice(0, 5))
    context.print(`  ${messages} of ${survey} (${code}): ${reason}`);
  if (counts.reasons.length > 5)
    context.print(`  … and ${counts.reasons.length - 5} more reasons; see the rejected tables`);
}

function summary({ messages, alerts, archivedBefore, waiting }: RetryCounts): string {
  const before = archivedBefore > 0 ? `, ${archivedBefore} were archived by a retry before` : "";
  return `took over ${messages} messages with ${alerts} alerts${before}, ${waiting} wait on`;
}
