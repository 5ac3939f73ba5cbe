import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { z } from "zod";
import { FinkError, messageOf } from "../errors.ts";
import { keyValueSettings } from "./key-value.ts";
import { configKey, configKeys, urlScheme, valueOfText } from "./keys.ts";
import { type Config, configSchema } from "./schema.ts";
import { environmentSettings, type Setting, type Settings, yamlSettings } from "./settings.ts";

/** The folder that holds `fink`, `conf/` and `src/`. */
export const projectFolder = resolve(import.meta.dirname, "../..");

export interface LoadedConfig {
  /** Complete; every path in it is absolute. */
  readonly config: Config;
  /** Where each value that somebody gave came from, by key. */
  readonly origins: ReadonlyMap<string, string>;
  /** Variables and lines that were passed over, for the user to read. */
  readonly notes: readonly string[];
  readonly home: string;
}

/**
 * What the command line says of the configuration: a file, and texts of keys, e.g. `{ lake: "…" }`.
 */
export interface ConfigFlags {
  readonly file?: string;
  readonly settings?: Readonly<Record<string, string | undefined>>;
}

/** The effective configuration: defaults < file < `FINK_*` variables < flags. */
export function loadConfig(
  flags: ConfigFlags = {},
  env: NodeJS.ProcessEnv = process.env,
  cwd: string = process.cwd(),
): LoadedConfig {
  const home = resolve(cwd, env.FINK_HOME || projectFolder);
  const file = findFile(flags.file, home, cwd);
  const fromFile = file ? fileSettings(file, home, env) : { settings: [], notes: [] };
  const fromEnvironment = environmentSettings(env, cwd);
  const given = [...fromFile.settings, ...fromEnvironment.settings, ...flagSettings(flags, cwd)];
  // the last of a key counts
  const settings = new Map(given.map((setting) => [setting.key, setting]));
  return {
    config: parseSettings(settings, home),
    origins: new Map([...settings.values()].map((setting) => [setting.key, setting.origin])),
    notes: [...fromFile.notes, ...fromEnvironment.notes],
    home,
  };
}

/** Version of this Fink. */
export function packageVersion(): string {
  return (
    JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8")) as { version: string }
  ).version;
}

function findFile(given: string | undefined, home: string, cwd: string): string | undefined {
  const standard = join(home, "conf/fink.yaml");
  if (given === undefined) return existsSync(standard) ? standard : undefined;
  const places = [resolve(cwd, given), join(home, "conf", given)];
  const found = places.find((place) => existsSync(place));
  if (!found)
    throw new FinkError(
      "config",
      `there is no configuration file ${given}; looked for ${places.join(" and ")}`,
    );
  return found;
}

/** YAML, or the older form of one `KEY=VALUE` a line. */
function fileSettings(file: string, home: string, env: NodeJS.ProcessEnv): Settings {
  const text = readConfigFile(file);
  const isKeyValue = !/\.ya?ml$/.test(file) && /^\s*(export\s+)?[A-Z][A-Z0-9_]*=/m.test(text);
  return isKeyValue
    ? keyValueSettings(text, file, home, env)
    : { settings: yamlSettings(text, file, home), notes: [] };
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new FinkError(
      "config",
      `the configuration ${file} cannot be read: ${messageOf(error)}`,
      error,
    );
  }
}

function flagSettings(flags: ConfigFlags, cwd: string): Setting[] {
  return Object.entries(flags.settings ?? {}).flatMap(([name, text]) => {
    const key = configKey(name);
    return key && text !== undefined
      ? [{ key: name, value: valueOfText(key, text), origin: "command line", base: cwd }]
      : [];
  });
}

function parseSettings(settings: ReadonlyMap<string, Setting>, home: string): Config {
  const raw: Record<string, unknown> = {};
  for (const key of configKeys) {
    const setting = settings.get(key.key);
    const value = setting ? setting.value : key.default;
    const base = setting?.base ?? home;
    const from: PathOrigin = { base, key: key.key, origin: setting?.origin ?? "default" };
    put(raw, key.key, key.path ? absolute(value, from) : withPaths(value, key.inner.paths, from));
  }
  const result = configSchema.safeParse(raw);
  if (result.success) return result.data;
  throw new FinkError("config", refusal(result.error.issues[0], settings));
}

/** Folder that relative paths start from, and what to name when a path cannot be used. */
interface PathOrigin {
  readonly base: string;
  readonly key: string;
  readonly origin: string;
}

/**
 * Empty stays empty: it stands for "none". A URL would become a local folder called `s3:`, and is
 * refused.
 */
function absolute(value: unknown, from: PathOrigin): unknown {
  if (Array.isArray(value)) return value.map((item) => absolute(item, from));
  if (typeof value !== "string" || value === "") return value;
  if (!urlScheme.test(value)) return resolve(from.base, value);
  const advice =
    "it has to be a path of this machine. Object stores are not supported yet; mount one, and name its folder";
  throw new FinkError(
    "config",
    `${from.key} is ${JSON.stringify(value)} (${from.origin}): ${advice}`,
  );
}

/** The paths within a map. */
function withPaths(value: unknown, names: readonly string[], from: PathOrigin): unknown {
  if (names.length === 0 || typeof value !== "object" || value === null || Array.isArray(value))
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      names.includes(name) ? absolute(inner, from) : withPaths(inner, names, from),
    ]),
  );
}

function refusal(issue: z.core.$ZodIssue, settings: ReadonlyMap<string, Setting>): string {
  const path = issue.path.join(".");
  const setting = [...settings.values()].find(
    (s) => path === s.key || path.startsWith(`${s.key}.`),
  );
  const key = configKey(setting?.key ?? path);
  const isSecret = key?.secret || (key?.inner.secrets.length ?? 0) > 0;
  const value = isSecret ? "is wrong" : `is ${JSON.stringify(setting?.value)}`;
  const hint =
    key && key.allowed.length > 0 ? `allowed are ${key.allowed.join(", ")}` : issue.message;
  return `${isSecret ? path : (key?.key ?? path)} ${value} (${setting?.origin ?? "default"}): ${hint}`;
}

/** Sets `a.b.c` in nested records, making them on the way. */
function put(record: Record<string, unknown>, key: string, value: unknown): void {
  const [name, ...rest] = key.split(".");
  if (rest.length === 0) record[name] = value;
  else put((record[name] ??= {}) as Record<string, unknown>, rest.join("."), value);
}
