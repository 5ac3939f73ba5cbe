import { stringify } from "yaml";
import { type ConfigKey, configKeys } from "./keys.ts";
import type { LoadedConfig } from "./load.ts";
import type { Config } from "./schema.ts";
import { withoutUserinfo } from "./secrets.ts";

/** `conf/fink.yaml` as it is shipped: every key with its description and default. */
export function defaultYaml(): string {
  const head = [
    "# Fink's configuration: every key with its default. FINK_* variables and flags override it;",
    "# `./fink config` prints what is in force. Relative paths start at FINK_HOME, the folder above this one.",
    "",
  ];
  return (
    [...head, ...render((key) => [`# ${describe(key)}`, line(key, key.default)])].join("\n") + "\n"
  );
}

/**
 * What is in force, with where each value came from that is not the default; secrets are masked.
 */
export function effectiveYaml(loaded: LoadedConfig): string {
  const masked = maskSecrets(loaded.config);
  const lines = render((key) => {
    const value = valueAt(masked, key.key);
    const origin = loaded.origins.get(key.key);
    const isDefault = JSON.stringify(value) === JSON.stringify(key.default);
    return [line(key, value) + (origin && !isDefault ? ` # ${origin}` : "")];
  });
  return lines.join("\n") + "\n";
}

/** The configuration with `***` in place of each secret. */
export function maskSecrets(config: Config): Config {
  const secrets = new Set(
    configKeys.flatMap((key) => [
      ...(key.secret ? [key.key.split(".").at(-1)!] : []),
      ...key.inner.secrets,
    ]),
  );
  const mask = (name: string, value: unknown) => {
    if (secrets.has(name) && value !== "") return "***";
    return typeof value === "string" ? withoutUserinfo(value) : value;
  };
  return JSON.parse(JSON.stringify(config, mask)) as Config;
}

export function describe(key: ConfigKey): string {
  const allowed = key.allowed.length > 0 ? ` (${key.allowed.join(", ")})` : "";
  return key.description + allowed;
}

function render(linesOf: (key: ConfigKey) => string[]): string[] {
  const lines: string[] = [];
  let open: string[] = [];
  for (const key of configKeys) {
    const groups = key.key.split(".").slice(0, -1);
    const shared = groups.findIndex((group, depth) => group !== open[depth]);
    if (groups.length === 1 && shared === 0) lines.push("");
    if (shared >= 0)
      lines.push(...groups.slice(shared).map((group, i) => `${"  ".repeat(shared + i)}${group}:`));
    open = groups;
    lines.push(...linesOf(key).map((text) => "  ".repeat(groups.length) + text));
  }
  return lines;
}

function line(key: ConfigKey, value: unknown): string {
  const text = stringify(value, {
    collectionStyle: "flow",
    flowCollectionPadding: false,
    lineWidth: 0,
  }).trim();
  return `${key.key.split(".").at(-1)}: ${text}`;
}

function valueAt(config: Config, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], config);
}
