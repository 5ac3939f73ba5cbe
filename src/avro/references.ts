import { FinkError } from "../errors.ts";

/** A schema that another one names without defining it, as registries store them. */
export interface ReferencedSchema {
  /** Full name of its type, e.g. `sv.Pos`. */
  readonly name: string;
  readonly text: string;
}

/**
 * The schema with the types it refers to written out where they are first named, so that it stands
 * alone. The later ones may refer to the earlier ones.
 */
export function withReferences(text: string, referenced: readonly ReferencedSchema[]): string {
  if (referenced.length === 0) return text;
  const open = new Map(referenced.map(({ name, text: own }) => [name, parsed(own)]));
  return JSON.stringify(writtenOut(parsed(text), "", open));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FinkError("schema", "the Avro schema, or one it refers to, is not JSON", cause);
  }
}

function writtenOut(type: unknown, namespace: string, open: Map<string, unknown>): unknown {
  if (typeof type === "string") return definition(type, namespace, open) ?? type;
  if (Array.isArray(type)) return type.map((branch) => writtenOut(branch, namespace, open));
  if (typeof type !== "object" || type === null) return type;
  const inner = namespaceOf(type as Json, namespace);
  const deeper = (key: string, value: unknown): unknown => {
    if (key === "fields" && Array.isArray(value))
      return value.map((field: unknown) => writtenOut(field, inner, open));
    return key === "type" || key === "items" || key === "values"
      ? writtenOut(value, inner, open)
      : value;
  };
  return Object.fromEntries(Object.entries(type).map(([key, value]) => [key, deeper(key, value)]));
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The type behind a name that is used for the first time. It keeps its own namespace, wherever it
 * comes to stand.
 */
function definition(name: string, namespace: string, open: Map<string, unknown>): unknown {
  const full = name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
  const key = [full, name].find((one) => open.has(one));
  if (key === undefined) return undefined;
  const type = open.get(key);
  open.delete(key);
  const own =
    typeof type === "object" && type !== null && !Array.isArray(type) && "name" in type
      ? { namespace: "", ...type }
      : type;
  return writtenOut(own, "", open);
}

/**
 * The namespace of a named type. A field's name is not a type's, so a field has its record's
 * namespace.
 */
function namespaceOf(json: Json, namespace: string): string {
  const { name, type } = json;
  if (typeof name !== "string" || !["record", "error", "enum", "fixed"].includes(String(type)))
    return namespace;
  if (name.includes(".")) return name.slice(0, name.lastIndexOf("."));
  return typeof json["namespace"] === "string" ? json["namespace"] : namespace;
}
