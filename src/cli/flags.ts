import { parseArgs, type ParseArgsOptionDescriptor } from "node:util";
import { z } from "zod";
import { didYouMean } from "../config/nearest.ts";
import "../config/plain-issues.ts";
import { FinkError } from "../errors.ts";
import type { Command } from "./command.ts";

/** Flags that every command takes. */
export const commonFlags = z.object({
  config: flag("FILE", "Configuration; looked for as given, then in conf/ of FINK_HOME").meta({
    short: "c",
    value: "FILE",
  }),
  lake: flag("DIR", "Folder of the lake"),
  json: z.boolean().default(false).describe("Write data for programs"),
  debug: z.boolean().default(false).describe("Show where an unexpected error came from"),
  help: z.boolean().default(false).describe("Show this help").meta({ short: "h" }),
});

/**
 * A flag that takes a value: what stands for it in the usage, the help text, and what it may be.
 */
export function flag<T extends z.ZodType = z.ZodOptional<z.ZodString>>(
  value: string,
  description: string,
  schema?: T,
): T {
  return (schema ?? z.string().optional()).describe(description).meta({ value }) as T;
}

/** For a flag whose value has a form. */
export function matching(pattern: RegExp, message: string): z.ZodOptional<z.ZodString> {
  return z.string().regex(pattern, message).optional();
}

export interface ParsedArguments {
  readonly common: z.output<typeof commonFlags>;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
}

/** One flag as help shows it: `-c`, `--config`, `FILE`. */
export interface FlagHelp {
  readonly name: string;
  readonly long: string;
  readonly short: string | undefined;
  /** What stands for its value in the usage; empty for a switch. */
  readonly value: string;
  readonly many: boolean;
  readonly description: string;
}

export function flagsOf(schema: z.ZodObject): FlagHelp[] {
  return Object.entries(schema.shape).map(([name, flag]) => {
    const { type, items, description, short, value } = z.toJSONSchema(flag as z.ZodType, {
      io: "input",
    }) as Record<string, string | undefined>;
    const long = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return {
      name,
      long,
      short,
      value: type === "boolean" ? "" : (value ?? "VALUE"),
      many: items !== undefined,
      description: description ?? "",
    };
  });
}

/** Takes a command line apart; throws "usage" for what the command does not have. */
export function parseArguments(
  name: string,
  command: Command,
  argv: readonly string[],
): ParsedArguments {
  const help = [...flagsOf(command.flags), ...flagsOf(commonFlags)];
  const { values, positionals } = parseOptions(name, argv, help);
  const byName = Object.fromEntries(
    help.flatMap((flag) =>
      values[flag.long.slice(2)] === undefined ? [] : [[flag.name, values[flag.long.slice(2)]]],
    ),
  );
  const common = commonFlags.parse(byName);
  if (common.help) return { common, flags: {}, args: positionals };
  checkArguments(name, command, positionals);
  return { common, flags: parseFlags(name, command.flags, byName), args: positionals };
}

function parseOptions(name: string, argv: readonly string[], help: readonly FlagHelp[]) {
  const option = ({ short, value, many }: FlagHelp): ParseArgsOptionDescriptor => ({
    type: value === "" ? "boolean" : "string",
    ...(short && { short }),
    multiple: many,
  });
  const options = Object.fromEntries(help.map((flag) => [flag.long.slice(2), option(flag)]));
  try {
    return parseArgs({ args: withNegatives(argv), options, allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const flag = /'(-[^' ,]*)/.exec(message)?.[1] ?? "";
    if (code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION")
      throw new FinkError("usage", `${message.split("\n", 1)[0]}; see \`./fink ${name} --help\``);
    const guess = didYouMean(
      flag,
      help.map((known) => known.long),
    );
    throw new FinkError(
      "usage",
      `${name} has no flag ${flag}${guess || `; see \`./fink ${name} --help\``}`,
    );
  }
}

/** `--dec -32.5` as `--dec=-32.5`: parseArgs takes what begins with a dash for a flag. */
function withNegatives(argv: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of argv) {
    const before = joined.at(-1) ?? "";
    if (/^-[\d.]/.test(word) && /^--[^=]+$/.test(before))
      joined[joined.length - 1] = `${before}=${word}`;
    else joined.push(word);
  }
  return joined;
}

function parseFlags(
  name: string,
  schema: z.ZodObject,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const typed = Object.fromEntries(
    Object.keys(schema.shape).map((key) => [key, numberIn(schema.shape[key], values[key])]),
  );
  const result = schema.safeParse(typed);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const flag = flagsOf(schema).find((known) => known.name === issue.path[0]);
  const given = [typed[String(issue.path[0])], ...issue.path.slice(1)].reduce(
    (value, key) => (value as Record<PropertyKey, unknown>)[key as PropertyKey],
  );
  throw new FinkError("usage", `${flag?.long ?? name} ${JSON.stringify(given)}: ${issue.message}`);
}

/**
 * A text that a number is wanted for becomes one; what is none stays text, so that the schema
 * refuses it.
 */
function numberIn(schema: unknown, value: unknown): unknown {
  const { type } = z.toJSONSchema(schema as z.ZodType, { io: "input" });
  const wanted = type === "number" || type === "integer";
  return wanted && typeof value === "string" && value !== "" && !Number.isNaN(Number(value))
    ? Number(value)
    : value;
}

function checkArguments(name: string, command: Command, args: readonly string[]): void {
  const words = command.arguments.split(" ").filter((word) => word !== "");
  const least = words.filter((word) => !word.startsWith("[")).length;
  const most = command.arguments.includes("…") ? Infinity : words.length;
  const usage = `usage: ./fink ${`${name} ${command.arguments}`.trim()}`;
  if (args.length < least)
    throw new FinkError(
      "usage",
      `${name} needs ${words.slice(args.length, least).join(" ")}; ${usage}`,
    );
  if (args.length > most)
    throw new FinkError("usage", `${name} does not know what to do with ${args[most]}; ${usage}`);
}
