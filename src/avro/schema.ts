import { FinkError } from "../errors.ts";

/** An Avro schema with every name resolved and checked (Avro 1.12, "Schema Declaration"). */
export type AvroType =
  | { readonly kind: "null" | "boolean" | "float" | "double" | "string" }
  | {
      readonly kind: "int" | "long";
      readonly logical?: "date" | "timestamp-millis" | "timestamp-micros";
    }
  | { readonly kind: "bytes"; readonly decimal?: Decimal }
  | {
      readonly kind: "fixed";
      readonly name: string;
      readonly size: number;
      readonly decimal?: Decimal;
    }
  | { readonly kind: "enum"; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: "array"; readonly items: AvroType }
  | { readonly kind: "map"; readonly values: AvroType }
  | { readonly kind: "union"; readonly branches: readonly AvroType[] }
  | AvroRecord;

export interface AvroRecord {
  readonly kind: "record";
  /** Full name, e.g. `ztf.alert.candidate`. */
  readonly name: string;
  readonly fields: readonly AvroField[];
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
}

export interface Decimal {
  readonly precision: number;
  readonly scale: number;
}

/** Limits on a schema that came with a message: it is input like any other. */
const maxBytes = 4 << 20;
const maxDepth = 64;
const maxTypes = 20_000;
const maxFixed = 1 << 20;
const maxName = 1000;
/** As many as one byte can tell apart; generated code looks at no more. */
const maxBranches = 64;

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const primitives = new Set([
  "null",
  "boolean",
  "int",
  "long",
  "float",
  "double",
  "bytes",
  "string",
]);

/**
 * Parses the JSON text of a writer's schema. Field defaults play no part in decoding and are not
 * looked at. `anyFields`: of our own schemas, whose fields are called as in catalogues, such as
 * 2MASS_name; readers do not mind.
 */
export function parseSchema(text: string, anyFields = false): AvroType {
  if (text.length > maxBytes)
    throw bad(`it is ${text.length} characters long; the limit is ${maxBytes}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FinkError("schema", "the Avro schema is not JSON", cause);
  }
  return new Parser(anyFields).parse(json, "", 0);
}

/**
 * Bytes the shortest value takes: bounds what a block count may claim before anything is allocated.
 */
export function minSize(type: AvroType): number {
  switch (type.kind) {
    case "null":
      return 0;
    case "float":
      return 4;
    case "double":
      return 8;
    case "fixed":
      return type.size;
    case "record":
      return type.fields.reduce((sum, field) => sum + minSize(field.type), 0);
    case "union":
      return 1 + Math.min(...type.branches.map(minSize));
    default:
      return 1;
  }
}

function bad(what: string): FinkError {
  return new FinkError("schema", `the Avro schema cannot be used: ${what}`);
}

type Json = { readonly [key: string]: unknown };

class Parser {
  #named = new Map<string, AvroType | null>();
  #types = 0;
  readonly #anyFields: boolean;

  constructor(anyFields: boolean) {
    this.#anyFields = anyFields;
  }

  parse(json: unknown, namespace: string, depth: number): AvroType {
    if (depth > maxDepth) throw bad(`it is nested more than ${maxDepth} deep`);
    if (++this.#types > maxTypes) throw bad(`it has more than ${maxTypes} types`);
    if (typeof json === "string") return this.#reference(json, namespace);
    if (Array.isArray(json)) return this.#union(json, namespace, depth);
    if (typeof json !== "object" || json === null) throw bad(`${shown(json)} is not a type`);
    return this.#complex(json as Json, namespace, depth);
  }

  #reference(name: string, namespace: string): AvroType {
    if (primitives.has(name)) return { kind: name } as AvroType;
    const full = name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
    const found = this.#named.get(full) ?? this.#named.get(name);
    if (found) return this.#counted(found);
    if (this.#named.has(full)) throw bad(`${full} contains itself; a column has to be finite`);
    throw bad(`type ${shown(name)} does not exist`);
  }

  /** A referenced type is laid out again as columns of its own, so it counts again. */
  #counted(type: AvroType): AvroType {
    this.#types += sizeOf(type, maxTypes - this.#types);
    if (this.#types > maxTypes) throw bad(`it has more than ${maxTypes} types`);
    return type;
  }

  #union(branches: unknown[], namespace: string, depth: number): AvroType {
    if (branches.length === 0 || branches.length > maxBranches)
      throw bad(`a union has ${branches.length} branches; it may have 1 to ${maxBranches}`);
    return { kind: "union", branches: branches.map((b) => this.parse(b, namespace, depth + 1)) };
  }

  #complex(json: Json, namespace: string, depth: number): AvroType {
    const type = json["type"];
    switch (type) {
      case "record":
      case "error":
        return this.#record(json, namespace, depth);
      case "enum":
        return this.#enum(json, namespace);
      case "fixed":
        return this.#fixed(json, namespace);
      case "array":
        return { kind: "array", items: this.parse(json["items"], namespace, depth + 1) };
      case "map":
        return { kind: "map", values: this.parse(json["values"], namespace, depth + 1) };
      default:
        return withLogical(this.parse(type, namespace, depth + 1), json);
    }
  }

  #record(json: Json, namespace: string, depth: number): AvroType {
    const [name, inner] = this.#declare(json, namespace);
    const fields = json["fields"];
    if (!Array.isArray(fields)) throw bad(`record ${name} has no fields`);
    const parsed = fields.map((field: unknown): AvroField => {
      if (typeof field !== "object" || field === null)
        throw bad(`a field of ${name} is not an object`);
      const given = (field as Json)["name"];
      const fieldName = this.#anyFields ? String(given) : checkedName(given);
      return { name: fieldName, type: this.parse((field as Json)["type"], inner, depth + 1) };
    });
    return this.#define({ kind: "record", name, fields: named(parsed) });
  }

  #enum(json: Json, namespace: string): AvroType {
    const [name] = this.#declare(json, namespace);
    const symbols = json["symbols"];
    if (!Array.isArray(symbols)) throw bad(`enum ${name} has no symbols`);
    return this.#define({ kind: "enum", name, symbols: symbols.map(checkedName) });
  }

  #fixed(json: Json, namespace: string): AvroType {
    const [name] = this.#declare(json, namespace);
    const size = json["size"];
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || size > maxFixed) {
      throw bad(`fixed ${name} has size ${shown(size)}`);
    }
    return this.#define({ kind: "fixed", name, size, ...decimalOf(json) });
  }

  #declare(json: Json, namespace: string): [name: string, namespace: string] {
    const own = json["name"];
    const parts = typeof own === "string" ? own.split(".") : [own];
    parts.forEach(checkedName);
    const given = typeof json["namespace"] === "string" ? json["namespace"] : namespace;
    if (given !== "") given.split(".").forEach(checkedName);
    const full = parts.length > 1 || given === "" ? parts.join(".") : `${given}.${own as string}`;
    if (full.length > maxName) throw bad(`${shown(full)} is longer than ${maxName} characters`);
    this.#named.set(full, null);
    return [full, full.includes(".") ? full.slice(0, full.lastIndexOf(".")) : ""];
  }

  #define<T extends AvroType & { name: string }>(type: T): T {
    this.#named.set(type.name, type);
    return type;
  }
}

/**
 * Avro forbids two fields of one name. Telescopes write such schemas all the same, and the bytes
 * can be decoded: a repeated name gets a number.
 */
function named(fields: readonly AvroField[]): AvroField[] {
  const given = new Set(fields.map(({ name }) => name));
  const used = new Set<string>();
  const next = new Map<string, number>();
  return fields.map(({ name, type }) => {
    let unique = name;
    for (let n = next.get(name) ?? 2; used.has(unique); n++) {
      next.set(name, n + 1);
      if (!given.has(`${name}_${n}`)) unique = `${name}_${n}`;
    }
    used.add(unique);
    return { name: unique, type };
  });
}

/**
 * Names end up as column names and in generated code: nothing but letters, digits and underscores
 * passes.
 */
function checkedName(name: unknown): string {
  if (typeof name !== "string" || name.length > 256 || !namePattern.test(name)) {
    throw bad(`${shown(name)} is not an Avro name`);
  }
  return name;
}

/**
 * What an error says of a part of the schema: little, for it may be megabytes long or nested too
 * deep for JSON.stringify.
 */
function shown(json: unknown): string {
  if (typeof json === "string") return `"${json.slice(0, 80)}"`;
  return typeof json === "object" && json !== null ? "an object" : String(json);
}

function withLogical(type: AvroType, json: Json): AvroType {
  const logical = json["logicalType"];
  if (type.kind === "int" && logical === "date") return { kind: "int", logical };
  if (type.kind === "long" && (logical === "timestamp-millis" || logical === "timestamp-micros"))
    return { kind: "long", logical };
  if (type.kind === "bytes") return { ...type, ...decimalOf(json) };
  return type;
}

/**
 * A decimal that fits 128 bits; any other stays bytes, as the specification asks of an unusable
 * logical type.
 */
function decimalOf(json: Json): { decimal?: Decimal } {
  const { logicalType, precision, scale = 0 } = json;
  if (logicalType !== "decimal" || typeof precision !== "number" || typeof scale !== "number")
    return {};
  const usable =
    Number.isInteger(precision) &&
    Number.isInteger(scale) &&
    precision > 0 &&
    precision <= 38 &&
    scale >= 0 &&
    scale <= precision;
  return usable ? { decimal: { precision, scale } } : {};
}

function sizeOf(type: AvroType, limit: number): number {
  if (limit <= 0) return 1;
  switch (type.kind) {
    case "record":
      return type.fields.reduce(
        (sum, f) => (sum > limit ? sum : sum + sizeOf(f.type, limit - sum)),
        1,
      );
    case "union":
      return type.branches.reduce(
        (sum, b) => (sum > limit ? sum : sum + sizeOf(b, limit - sum)),
        1,
      );
    case "array":
      return 1 + sizeOf(type.items, limit - 1);
    case "map":
      return 1 + sizeOf(type.values, limit - 1);
    default:
      return 1;
  }
}
