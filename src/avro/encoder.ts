import { FinkError } from "../errors.ts";
import { generateEncoder } from "./generate-encoder.ts";
import { type AvroType, parseSchema } from "./schema.ts";

/**
 * Writes one value as a bare Avro datum (Avro 1.12, "Binary Encoding"). Throws FinkError "avro"
 * that names the field.
 */
export type Encoder = (value: unknown) => Uint8Array;

/**
 * Generates an encoder for the schema. Records and maps are objects, int, float and double numbers,
 * long a bigint or a safe integer, bytes and fixed Uint8Array, enums their symbol. A union takes
 * null (or a missing field) as null, anything else as its first branch that can hold it. `wrap`
 * makes a message of each datum and saves a copy: it is given the encoder's own bytes, which hold
 * until the next value.
 */
export function compileEncoder(
  schemaText: string,
  wrap: (datum: Uint8Array) => Uint8Array = copied,
): Encoder {
  const schema = parseSchema(schemaText);
  const { code, unions } = generateEncoder(schema);
  const make = new Function("rt", `"use strict";\n${code}`) as (
    runtime: Runtime,
  ) => (value: unknown) => Buffer;
  const write = make({
    branch: (union, value) => branchOf(unions[union].branches, value),
    isObject,
    misfit,
  });
  return (value) => {
    try {
      return wrap(write(value));
    } catch (error) {
      throw error === misfit ? explained(schema, value) : error;
    }
  };
}

/** What generated code calls for the rare and throws for the wrong. */
interface Runtime {
  /** The branch of union number `union` that can hold the value, or -1. */
  readonly branch: (union: number, value: unknown) => number;
  readonly isObject: (value: unknown) => boolean;
  readonly misfit: symbol;
}

const misfit = Symbol("a value that its type cannot hold");

function copied(datum: Uint8Array): Uint8Array {
  return new Uint8Array(datum);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

function branchOf(branches: readonly AvroType[], value: unknown): number {
  const nullBranch =
    value === null || value === undefined ? branches.findIndex((b) => b.kind === "null") : -1;
  return nullBranch >= 0 ? nullBranch : branches.findIndex((b) => findMisfit(b, value) === null);
}

function explained(schema: AvroType, value: unknown): FinkError {
  const found = findMisfit(schema, value);
  if (!found) return new FinkError("avro", "cannot encode the value: it changes while it is read");
  return new FinkError(
    "avro",
    `cannot encode ${found.path.join(".") || "the value"}: ${shown(found.value)} is not ${found.expected}`,
  );
}

function shown(value: unknown): string | undefined {
  const text =
    typeof value === "object" && value !== null
      ? value.constructor?.name
      : JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v));
  return text?.slice(0, 60);
}

/** A value that its type cannot hold, and the steps that lead to it. */
interface Misfit {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly expected: string;
}

/**
 * Where a value is not what the type can hold exactly (a float rounds): the first such place in the
 * order of the bytes.
 */
function findMisfit(type: AvroType, value: unknown): Misfit | null {
  const here = (fits: boolean, expected: string): Misfit | null =>
    fits ? null : { path: [], value, expected };
  switch (type.kind) {
    case "record":
      return (
        here(isObject(value), "a record") ??
        firstWithin(
          type.fields.map((f) => [f.name, f.type, (value as Record<string, unknown>)[f.name]]),
        )
      );
    case "array":
      return (
        here(Array.isArray(value), "an array") ??
        firstWithin(Array.from(value as unknown[], (item, i) => [i, type.items, item]))
      );
    case "map":
      return (
        here(isObject(value), "a map") ??
        firstWithin(
          Object.entries(value as object).map(([key, entry]) => [key, type.values, entry]),
        )
      );
    case "union": {
      const { branches } = type;
      const nullBranch = branches.findIndex((b) => b.kind === "null");
      if (nullBranch >= 0 && (value === null || value === undefined)) return null;
      if (nullBranch >= 0 && branches.length === 2)
        return findMisfit(branches[1 - nullBranch], value);
      return here(
        branchOf(branches, value) >= 0,
        `one of ${branches.map((b) => b.kind).join(", ")}`,
      );
    }
    default:
      return here(holds(type, value), nameOf(type));
  }
}

function firstWithin(
  parts: readonly (readonly [step: string | number, type: AvroType, value: unknown])[],
): Misfit | null {
  for (const [step, type, value] of parts) {
    const found = findMisfit(type, value);
    if (found) return { ...found, path: [step, ...found.path] };
  }
  return null;
}

type Leaf = Exclude<AvroType, { readonly kind: "record" | "union" | "array" | "map" }>;

function nameOf(type: Leaf): string {
  if (type.kind === "enum") return `one of ${type.symbols.join(", ")}`;
  if (type.kind === "fixed") return `${type.size} bytes`;
  return type.kind === "null" ? "null" : `of type ${type.kind}`;
}

function holds(type: Leaf, value: unknown): boolean {
  switch (type.kind) {
    case "null":
      return value === null || value === undefined;
    case "boolean":
    case "string":
      return typeof value === type.kind;
    case "int":
      return typeof value === "number" && value === (value | 0);
    case "long":
      return typeof value === "bigint"
        ? value === BigInt.asIntN(64, value)
        : Number.isSafeInteger(value);
    case "float":
    case "double":
      return typeof value === "number";
    case "bytes":
      return value instanceof Uint8Array;
    case "fixed":
      return value instanceof Uint8Array && value.length === type.size;
    default:
      return type.symbols.includes(value as string);
  }
}
