import type { Command, CommandEntry, CommandTable } from "./command.ts";
import { commonFlags, type FlagHelp, flagsOf } from "./flags.ts";

/** `./fink help`: the commands by group. */
export function overview(commands: CommandTable): string {
  const shown = Object.entries(commands).filter(([, entry]) => !entry.hidden);
  const groups = [...new Set(shown.map(([, entry]) => entry.group))];
  const sections = groups.map((group) => {
    const rows = shown
      .filter(([, entry]) => entry.group === group)
      .map(([name, entry]) => `  ${name.padEnd(11)} ${entry.summary}`);
    return [`${group}:`, ...rows].join("\n");
  });
  return [
    "Fink, an alert broker for time-domain astronomy",
    "usage: ./fink COMMAND [ARGUMENTS] [FLAGS]",
    ...sections,
    "`./fink COMMAND --help` tells more; `./fink --version` names this version.",
  ].join("\n\n");
}

/** `./fink NAME --help`. */
export function commandHelp(name: string, entry: CommandEntry, command: Command): string {
  const own = flagsOf(command.flags);
  return [
    `${entry.summary}${command.description ? `\n${command.description}` : ""}`,
    `usage: ./fink ${[name, command.arguments, "[FLAGS]"].filter((word) => word !== "").join(" ")}`,
    ...(own.length > 0 ? [`Flags:\n${rows(own)}`] : []),
    `Flags of every command:\n${rows(flagsOf(commonFlags))}`,
    `Example:\n  ${command.example}`,
  ].join("\n\n");
}

function rows(flags: readonly FlagHelp[]): string {
  return flags.map((flag) => `  ${flagUsage(flag).padEnd(22)} ${flag.description}`).join("\n");
}

/** `-c, --config FILE` */
export function flagUsage(flag: FlagHelp): string {
  return `${flag.short ? `-${flag.short}, ` : ""}${flag.long}${flag.value ? ` ${flag.value}` : ""}`;
}
