import { FinkError } from "../errors.ts";
import { configKey, valueOfText } from "./keys.ts";
import { nearest } from "./nearest.ts";
import type { Setting, Settings } from "./settings.ts";

/** Names of the older `KEY=VALUE` configuration, and the key each became. */
const olderNames: Readonly<Record<string, string>> = {
  KAFKA_IPPORT: "kafka.brokers",
  KAFKA_TOPIC: "kafka.topics",
  KAFKA_STARTING_OFFSET: "kafka.start",
  FINK_TRIGGER_UPDATE: "archive.triggerSeconds",
  FINK_ALERT_PATH: "lake",
  FINK_UI_PORT: "ui.port",
};

/** Reads the older form: `[export ]KEY=VALUE`, quoted or not, `#` comments, `${KEY}` of lines above or the environment. */
export function keyValueSettings(text: string, file: string, home: string, env: NodeJS.ProcessEnv): Settings {
  const settings: Setting[] = [];
  const notes: string[] = [];
  const variables: Record<string, string | undefined> = { FINK_HOME: home, ...env };
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const origin = `${file} line ${index + 1}`;
    const assignment = parseLine(line, origin);
    if (!assignment) continue;
    const [name, raw] = assignment;
    const value = expand(raw, variables, origin);
    variables[name] = value;
    const key = configKey(olderNames[name] ?? "");
    if (key) settings.push({ key: key.key, value: valueOfText(key, translate(name, value)), origin, base: home });
    else notes.push(passedOver(name, origin));
  }
  return { settings, notes };
}

function parseLine(line: string, origin: string): [name: string, value: string] | undefined {
  if (/^\s*(#|$)/.test(line)) return undefined;
  const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(?:"([^"]*)"|'([^']*)'|([^\s#]*))\s*(?:#.*)?$/.exec(line);
  if (!match) throw new FinkError("config", `${origin}: \`${line.trim()}\` is not KEY=VALUE; put quotes around a value with spaces`);
  return [match[1], match[2] ?? match[3] ?? match[4]];
}

function expand(value: string, variables: Readonly<Record<string, string | undefined>>, origin: string): string {
  return value.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    const known = variables[name];
    if (known === undefined) throw new FinkError("config", `${origin}: \${${name}} is not set; set it above or in the environment`);
    return known;
  });
}

/** Topics were regular expressions there; here `*` alone stands for anything. */
function translate(name: string, value: string): string {
  return name === "KAFKA_TOPIC" ? value.replaceAll(".*", "*") : value;
}

function passedOver(name: string, origin: string): string {
  if (name === "SPARK_MASTER") return `${origin}: SPARK_MASTER is ignored: Fink needs no Spark`;
  const guess = nearest(name, Object.keys(olderNames));
  if (guess) throw new FinkError("config", `${origin}: ${name} is not a key; did you mean ${guess}?`);
  return `${origin}: ${name} is ignored: nothing here needs it`;
}
