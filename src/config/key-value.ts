import { type ConfigKey, configKey, urlScheme, valueOfText } from "./keys.ts";
import { nearest } from "./nearest.ts";
import type { Setting, Settings } from "./settings.ts";
import { shellWord } from "./shell-word.ts";

/**
 * Names of the `KEY=VALUE` configuration of Fink on Spark (2019 and later), and the key each
 * became.
 */
const olderNames: Readonly<Record<string, string>> = {
  KAFKA_IPPORT: "kafka.brokers",
  LSST_KAFKA_SERVER: "kafka.brokers",
  KAFKA_TOPIC: "kafka.topics",
  LSST_KAFKA_TOPIC: "kafka.topics",
  KAFKA_STARTING_OFFSET: "kafka.start",
  GROUPID: "kafka.group",
  SECURITY_PROTOCOL: "kafka.security",
  SASL_MECHANISMS: "kafka.sasl.mechanism",
  LSST_KAFKA_USERNAME: "kafka.sasl.username",
  LSST_KAFKA_PASSWORD: "kafka.sasl.password",
  LSST_SCHEMA_SERVER: "schemas.registry",
  FINK_TRIGGER_UPDATE: "archive.triggerSeconds",
  FINK_ALERT_PATH: "lake",
  ONLINE_DATA_PREFIX: "lake",
  FINK_UI_PORT: "ui.port",
  LOG_LEVEL: "log.level",
};

/** Keys that are gone, and what does their work now. */
const retired: readonly (readonly [names: readonly string[], instead: string])[] = [
  [
    [
      "SPARK_MASTER",
      "EXTRA_SPARK_CONFIG",
      "FINK_PACKAGES",
      "FINK_JARS",
      "PYSPARK_DRIVER_PYTHON",
      "DEPLOY_FINK_PYTHON",
    ],
    "Fink needs no Spark",
  ],
  [
    [
      "KAFKA_PORT_SIM",
      "KAFKA_IPPORT_SIM",
      "KAFKA_TOPIC_SIM",
      "FINK_DATA_SIM",
      "TIME_INTERVAL",
      "POOLSIZE",
    ],
    "./fink simulate --to kafka://HOST:PORT/TOPIC",
  ],
  [
    ["FINK_ALERT_SCHEMA", "FINK_SCHEMA", "TABLE_SCHEMA_PATH"],
    "schemas come with the alerts, or from `schemas.folder` or `schemas.registry`",
  ],
  [
    [
      "DATA_PREFIX",
      "AGG_DATA_PREFIX",
      "FS_KIND",
      "FINK_ALERT_PATH_SCI_TMP",
      ...["", "_KAFKA", "_RAW", "_SCI", "_SCI_TMP"].map((of) => `FINK_ALERT_CHECKPOINT${of}`),
    ],
    "`lake` holds tables and positions",
  ],
  [
    ["SCIENCE_DB_NAME", "SCIENCE_DB_CATALOG", "SCIENCE_DB_CATALOGS", "HBASE_XML_CONF"],
    "pages and API read the lake; there is no HBase",
  ],
  [["MAX_OFFSETS_PER_TRIGGER"], "`archive.batchAlerts`"],
  [["FINK_UI_PATH"], "./fink start ui"],
  [
    [
      "DISTRIBUTION_SERVERS",
      "DISTRIBUTION_TOPIC",
      "SUBSTREAM_PREFIX",
      "DISTRIBUTION_SCHEMA",
      "DISTRIBUTION_OFFSET",
      "DISTRIBUTION_OFFSET_FILE",
      "DISTRIBUTION_RULES_XML",
      "KAFKA_SASL_USERNAME",
      "KAFKA_SASL_PASSWORD",
    ],
    "`delivery.targets`",
  ],
  [
    ["SECURED_KAFKA_CONFIG", "FINK_PRODUCER_JAAS"],
    "`kafka.security`, `kafka.sasl.*`, `kafka.tls.*`",
  ],
];

/**
 * Reads a file of the older form as a shell would: `[export ]KEY=VALUE` and `KEY+=VALUE`, quoted or
 * not, continued with a backslash, `#` comments, `${KEY}` of lines above or the environment, empty
 * where nobody set it. Other shell commands are not run; the notes name them, and keys that mean
 * nothing here.
 */
export function keyValueSettings(
  text: string,
  file: string,
  home: string,
  env: NodeJS.ProcessEnv,
): Settings {
  const settings = new Map<string, Setting>();
  const variables: Record<string, string | undefined> = { FINK_HOME: home, ...env };
  const notes = new Notes(file);
  for (const { line, number } of logicalLines(text)) {
    const origin = `${file} line ${number}`;
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)(\+?)=/.exec(line);
    if (!match) {
      notes.commands.push(number);
      continue;
    }
    const [head, name, more] = match;
    const value =
      (more === "+" ? (variables[name] ?? "") : "") +
      shellWord(line.slice(head.length), variables, origin);
    variables[name] = value;
    const key = configKey(olderNames[name] ?? "");
    if (!key) notes.unknown.add(name);
    else if (isElsewhere(key, value))
      notes.others.push(
        `${origin}: ${name}=${value} is not used: a lake is a folder of this machine; set \`lake\``,
      );
    else if (value !== "")
      settings.set(key.key, {
        key: key.key,
        value: valueOfText(key, translated(key, value)),
        origin,
        base: home,
      });
  }
  return { settings: [...settings.values()], notes: notes.lines(text) };
}

/** Settings that were passed over, a line for each kind. */
class Notes {
  readonly unknown = new Set<string>();
  readonly commands: number[] = [];
  readonly others: string[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  lines(text: string): string[] {
    const gone = retired.flatMap(([names, instead]) => {
      const found = names.filter((name) => this.unknown.delete(name));
      return found.length > 0 ? [`${found.join(", ")} (${instead})`] : [];
    });
    const known = Object.keys(olderNames);
    // other lines are made of it
    const isUsed = (name: string) => new RegExp(`\\$\\{?${name}\\b`).test(text);
    const unknown = [...this.unknown]
      .filter((name) => !isUsed(name))
      .map((name) => {
        const guess = nearest(name, known);
        return guess === undefined ? name : `${name} (did you mean ${guess}?)`;
      });
    return [
      ...this.others,
      ...(gone.length > 0 ? [`${this.#file}: no longer needed: ${gone.join("; ")}`] : []),
      ...(unknown.length > 0
        ? [`${this.#file}: no key of Fink, ignored: ${unknown.join(", ")}`]
        : []),
      ...(this.commands.length > 0
        ? [`${this.#file}: shell commands are not run: line ${this.commands.join(", ")}`]
        : []),
    ];
  }
}

/** Lines without comments and blank ones. A backslash or an open quote continues a line. */
function* logicalLines(text: string): Generator<{ line: string; number: number }> {
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    if (/^\s*(#|$)/.test(lines[i])) continue;
    const number = i + 1;
    let line = lines[i];
    while (i + 1 < lines.length && line.endsWith("\\")) line = line.slice(0, -1) + lines[++i];
    yield { line, number };
  }
}

/** HDFS and object stores, which the older Fink wrote to. */
function isElsewhere({ key }: ConfigKey, value: string): boolean {
  return key === "lake" && urlScheme.test(value);
}

function translated({ key }: ConfigKey, value: string): string {
  // topics were regular expressions there; here `*` alone stands for anything
  if (key === "kafka.topics") return value.replaceAll(".*", "*");
  if (key === "log.level") return value.toLowerCase();
  return value;
}
