import { loadConfig, packageVersion } from "../config/load.ts";
import { didYouMean } from "../config/nearest.ts";
import { FinkError, messageOf } from "../errors.ts";
import type { CommandContext, CommandTable } from "./command.ts";
import { commands } from "./commands.ts";
import { type ParsedArguments, parseArguments } from "./flags.ts";
import { commandHelp, overview } from "./help.ts";
import { refuseOlderVerb } from "./older-verbs.ts";

/** Runs one command line; the exit code is 0, 1 when it failed, 2 when it was not understood. */
export async function runCommandLine(
  argv: readonly string[],
  table: CommandTable = commands,
): Promise<number> {
  try {
    return await run(argv, table);
  } catch (error) {
    const debug = argv.includes("--debug");
    const hint = error instanceof FinkError || debug ? "" : " (unexpected; --debug shows where)";
    console.error(`fink: ${messageOf(error)}${hint}`);
    if (debug) console.error(error);
    return error instanceof FinkError && error.code === "usage" ? 2 : 1;
  }
}

async function run(argv: readonly string[], table: CommandTable): Promise<number> {
  const [name = "help", ...rest] =
    argv[0] === "help" && argv.length > 1 ? [argv[1], "--help"] : argv;
  if (name === "help" || name === "--help" || name === "-h") {
    console.log(overview(table));
    return 0;
  }
  if (name === "--version" || (name === "version" && rest.length === 0)) {
    console.log(packageVersion());
    return 0;
  }
  // the older flags, such as -s SURVEY, are not today's: the answer comes before they are read
  if (!Object.hasOwn(table, name)) refuseOlderVerb(name);
  if (name === "start" || name === "stop") refuseOlderVerb(rest[0], name);
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!entry)
    throw new FinkError(
      "usage",
      `there is no command ${name}${didYouMean(name, Object.keys(table)) || "; see `./fink help`"}`,
    );
  const command = await entry.load();
  const parsed = parseArguments(name, command, rest);
  if (parsed.common.help) {
    console.log(commandHelp(name, entry, command));
    return 0;
  }
  return (await command.run(contextOf(parsed, rest), parsed.args, parsed.flags)) ?? 0;
}

function contextOf({ common }: ParsedArguments, argv: readonly string[]): CommandContext {
  return {
    json: common.json,
    argv,
    print: (line) => console.log(line),
    warn: (line) => console.error(line),
    config(flags, { quiet = false } = {}) {
      const loaded = loadConfig({ file: common.config, settings: { lake: common.lake, ...flags } });
      if (!quiet) for (const note of loaded.notes) console.error(`fink: ${note}`);
      return loaded;
    },
  };
}
