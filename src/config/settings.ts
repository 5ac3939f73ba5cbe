import { isNode, LineCounter, parseDocument } from "yaml";
import { FinkError, messageOf } from "../errors.ts";
import { otherVariables } from "./environment.ts";
import { configKey, configKeys, valueOfText, variableOf } from "./keys.ts";
import { didYouMean } from "./nearest.ts";

/** One value somebody gave, and where. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
  /** e.g. `conf/fink.yaml line 12`, `FINK_LAKE` */
  readonly origin: string;
  /** Folder that relative paths in it start from. */
  readonly base: string;
}

export interface Settings {
  readonly settings: readonly Setting[];
  /** What was passed over, for the user to read. */
  readonly notes: readonly string[];
}

/** What `FINK_*` variables give; an empty one counts as not set. */
export function environmentSettings(env: NodeJS.ProcessEnv, cwd: string): Settings {
  const keys = new Map(configKeys.map((key) => [variableOf(key.key), key]));
  const known = [...keys.keys(), ...Object.keys(otherVariables)];
  const settings: Setting[] = [];
  const notes: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith("FINK_") || !text || name in otherVariables) continue;
    const key = keys.get(name);
    if (key)
      settings.push({ key: key.key, value: valueOfText(key, text), origin: name, base: cwd });
    else
      notes.push(
        `the environment variable ${name} means nothing to Fink${didYouMean(name, known)}`,
      );
  }
  return { settings, notes };
}

export function yamlSettings(text: string, file: string, home: string): Setting[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error) throw new FinkError("config", `${file} is not valid YAML: ${messageOf(error)}`);
  const originOf = (path: readonly string[]) => {
    const node = document.getIn(path, true);
    return isNode(node) && node.range ? `${file} line ${lines.linePos(node.range[0]).line}` : file;
  };
  const settings: Setting[] = [];
  const visit = (value: unknown, path: readonly string[]) => {
    const key = path.join(".");
    if (isGroup(key) && isRecord(value)) {
      for (const [name, child] of Object.entries(value)) visit(child, [...path, name]);
    } else if (!configKey(key)) {
      throw new FinkError("config", `${originOf(path)}: ${notAKey(key)}`);
    } else if (value !== null) {
      settings.push({ key, value, origin: originOf(path), base: home });
    }
  };
  visit(document.toJS() ?? {}, []);
  return settings;
}

function notAKey(key: string): string {
  const names = configKeys.map((known) => known.key);
  if (key === "") return "the file holds no keys; write lines such as `lake: lake`";
  const below = names
    .filter((name) => name.startsWith(`${key}.`))
    .map((name) => name.slice(key.length + 1));
  if (below.length > 0) return `${key} is a group; below it can stand ${below.join(", ")}`;
  const sameName = names.find((name) => name.endsWith(`.${key}`));
  return `${key} is not a key${sameName ? `; did you mean ${sameName}?` : didYouMean(key, names)}`;
}

function isGroup(key: string): boolean {
  return key === "" || configKeys.some((known) => known.key.startsWith(`${key}.`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
