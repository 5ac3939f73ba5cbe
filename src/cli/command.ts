import type { z } from "zod";
import type { LoadedConfig } from "../config/load.ts";

/** What every command is given. */
export interface CommandContext {
  /** `--json`: write data for programs instead of text for people. */
  readonly json: boolean;
  /**
   * Loads the configuration as `-c`, `--lake` and the environment say. `flags` are further keys,
   * e.g. `{ "schemas.folder": dir }`. Notes go to stderr unless `quiet`.
   */
  config(
    flags?: Readonly<Record<string, string | undefined>>,
    options?: { readonly quiet?: boolean },
  ): LoadedConfig;
  /** Writes a line to stdout. */
  print(line: string): void;
  /** Writes a line to stderr. */
  warn(line: string): void;
  /** The arguments as they were typed, without the command's name. */
  readonly argv: readonly string[];
}

/** One file of `src/cli/commands`. */
export interface Command<Flags extends z.ZodObject = z.ZodObject> {
  /**
   * Positional arguments as in the usage line: `SERVICE`, `[PATTERN…]`; brackets make optional, …
   * repeats.
   */
  readonly arguments: string;
  /** Longer than the summary where that helps; one sentence a line. */
  readonly description?: string;
  readonly example: string;
  /** A boolean is a switch, a string or number takes a value; `.describe()` is the help text. */
  readonly flags: Flags;
  /** Resolves to the exit code; nothing means 0. */
  run(
    context: CommandContext,
    args: readonly string[],
    flags: z.output<Flags>,
  ): Promise<number | void>;
}

/** What the list of commands says of one; its file is loaded when it is used. */
export interface CommandEntry {
  readonly group: string;
  readonly summary: string;
  readonly hidden?: boolean;
  load(): Promise<Command>;
}

/** The commands by name, in the order of `./fink help`. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** Keeps the types of a command's flags, which `Command` alone would forget. */
export function defineCommand<Flags extends z.ZodObject>(command: Command<Flags>): Command {
  return command as unknown as Command;
}
