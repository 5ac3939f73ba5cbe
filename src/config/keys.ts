import { z } from "zod";
import { configSchema } from "./schema.ts";

/** `s3://…`, `hdfs:/…`: an address elsewhere, not a path. A drive of one letter is none. */
export const urlScheme = /^[a-z][a-z0-9+.-]+:\//i;

/** One line of `conf/fink.yaml`, e.g. `kafka.brokers`. */
export interface ConfigKey {
  readonly key: string;
  readonly description: string;
  readonly default: unknown;
  readonly type: "string" | "number" | "list" | "map" | "boolean";
  /** The only values it may have; empty: any. */
  readonly allowed: readonly string[];
  readonly secret: boolean;
  readonly path: boolean;
  /** Of a map: names in its entries whose values are secrets, and paths. */
  readonly inner: { readonly secrets: readonly string[]; readonly paths: readonly string[] };
}

/** What `z.toJSONSchema` tells of a key or a group of keys. */
interface KeySchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly items?: KeySchema;
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly additionalProperties?: KeySchema | boolean;
  readonly oneOf?: readonly KeySchema[];
  readonly secret?: boolean;
  readonly path?: boolean;
}

/** Every key in the order of the schema. */
export const configKeys: readonly ConfigKey[] = keysOf(
  z.toJSONSchema(configSchema, { io: "input" }) as KeySchema,
  "",
);

const byName = new Map(configKeys.map((key) => [key.key, key]));

export function configKey(name: string): ConfigKey | undefined {
  return byName.get(name);
}

/** `kafka.sasl.passwordFile` → `FINK_KAFKA_SASL_PASSWORD_FILE` */
export function variableOf(key: string): string {
  return `FINK_${key.replace(/[A-Z]/g, "_$&").replaceAll(".", "_").toUpperCase()}`;
}

/** The value a text (a variable's, a flag's) stands for; lists are separated by commas. */
export function valueOfText(key: ConfigKey, text: string): unknown {
  if (key.type === "list") return text.split(",").map((item) => item.trim());
  if (key.type === "map") return jsonIn(text);
  if (key.type === "boolean") return ["true", "false"].includes(text) ? text === "true" : text;
  // what is no number stays text, so that the schema refuses it by name
  if (key.type === "number")
    return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
  return text;
}

function keysOf(schema: KeySchema, prefix: string): ConfigKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix + name;
    return child.properties ? keysOf(child, `${key}.`) : [leaf(key, child)];
  });
}

function leaf(key: string, schema: KeySchema): ConfigKey {
  return {
    key,
    description: schema.description ?? "",
    default: schema.default,
    type:
      schema.type === "array"
        ? "list"
        : schema.type === "object"
          ? "map"
          : schema.type === "string" || schema.type === "boolean"
            ? schema.type
            : "number",
    allowed: schema.enum ?? schema.items?.enum ?? [],
    secret: schema.secret ?? false,
    path: schema.path ?? schema.items?.path ?? false,
    inner: { secrets: namesWith(schema, "secret"), paths: namesWith(schema, "path") },
  };
}

/** Names of properties, however deep, that are marked so. */
function namesWith(
  { properties = {}, additionalProperties, oneOf = [] }: KeySchema,
  mark: "secret" | "path",
): string[] {
  const inner = [
    ...Object.values(properties),
    ...oneOf,
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
  ];
  const own = Object.entries(properties).flatMap(([name, schema]) => (schema[mark] ? [name] : []));
  return [...new Set([...own, ...inner.flatMap((schema) => namesWith(schema, mark))])];
}

/** What is no JSON stays text, so that the schema refuses it by name. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
