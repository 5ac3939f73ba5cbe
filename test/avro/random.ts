import fc from "fast-check";
import { type AvroType, parseSchema } from "../../src/avro/schema.ts";

type Json = string | { readonly [key: string]: unknown } | readonly Json[];

/** A schema, and alerts of it as `Value`s. */
export interface RandomAlerts {
  readonly text: string;
  readonly type: AvroType;
  readonly alerts: readonly Value[];
}

/**
 * Values by their type: numbers and bigints, floats and doubles as their bits, strings, bytes as
 * Buffer, lists of records' fields and of items, map entries as pairs, `{ branch, value }` for
 * unions.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | readonly Value[]
  | { readonly branch: number; readonly value: Value };

/** A schema without names yet; `again` stands for a named type that came before. */
type Draft =
  | { readonly kind: "plain"; readonly schema: Json }
  | { readonly kind: "fixed"; readonly size: number; readonly logical: object }
  | { readonly kind: "enum"; readonly symbols: number }
  | {
      readonly kind: "record" | "union";
      readonly parts: readonly Draft[];
      readonly isNullable: boolean;
    }
  | { readonly kind: "array" | "map"; readonly of: Draft }
  | { readonly kind: "again"; readonly which: number };

const plainTypes: Json[] = [
  "null",
  "boolean",
  "int",
  "long",
  "float",
  "double",
  "bytes",
  "string",
  { type: "int", logicalType: "date" },
  { type: "long", logicalType: "timestamp-millis" },
  { type: "long", logicalType: "timestamp-micros" },
  { type: "bytes", logicalType: "decimal", precision: 20, scale: 3 },
  { type: "string", logicalType: "uuid" },
];

function drafts(inner: fc.Arbitrary<Draft>): fc.Arbitrary<Draft> {
  const parts = fc.array(inner, { maxLength: 5 });
  const leaf = fc.oneof(
    fc.constantFrom(...plainTypes).map((schema): Draft => ({ kind: "plain", schema })),
    fc.record({
      kind: fc.constant("fixed" as const),
      size: fc.integer({ min: 0, max: 20 }),
      logical: fc.constantFrom({}, { logicalType: "decimal", precision: 5, scale: 1 }),
    }),
    fc.record({ kind: fc.constant("enum" as const), symbols: fc.integer({ min: 1, max: 200 }) }),
    fc.nat().map((which): Draft => ({ kind: "again", which })),
  );
  const nested = fc.oneof(
    fc.record({
      kind: fc.constantFrom("record" as const, "union" as const),
      parts,
      isNullable: fc.boolean(),
    }),
    fc.record({ kind: fc.constantFrom("array" as const, "map" as const), of: inner }),
  );
  return fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, nested);
}

/**
 * Turns drafts into JSON schemas: every type gets a name of its own, and a union has each kind of
 * type once.
 */
class Namer {
  #count = 0;
  readonly #named: string[] = [];

  record(fields: readonly Draft[]): Json {
    const name = this.#name();
    const schema = {
      type: "record",
      name,
      namespace: "n",
      fields: fields.map((f, i) => ({ name: `${"fF"[i % 2]}${i >> 1}`, type: this.#schema(f) })),
    };
    this.#named.push(`n.${name}`);
    return schema;
  }

  #schema(draft: Draft): Json {
    switch (draft.kind) {
      case "plain":
        return draft.schema;
      case "again":
        return this.#named[draft.which % (this.#named.length + 1)] ?? "int";
      case "record":
        return this.record(draft.parts);
      case "union":
        return this.#union(draft.parts, draft.isNullable);
      case "array":
        return { type: "array", items: this.#schema(draft.of) };
      case "map":
        return { type: "map", values: this.#schema(draft.of) };
      default:
        return this.#leaf(draft);
    }
  }

  #leaf(draft: Draft & { kind: "fixed" | "enum" }): Json {
    const name = this.#name();
    this.#named.push(`n.${name}`);
    if (draft.kind === "fixed")
      return { type: "fixed", name, namespace: "n", size: draft.size, ...draft.logical };
    return {
      type: "enum",
      name,
      namespace: "n",
      symbols: Array.from({ length: draft.symbols }, (_, i) => `s${i}`),
    };
  }

  #union(parts: readonly Draft[], isNullable: boolean): Json {
    const kinds = new Map(
      parts.flatMap((p, i) =>
        p.kind === "union" ? [] : [[p.kind === "array" || p.kind === "map" ? p.kind : i, p]],
      ),
    );
    const schemas = [...kinds.values()].map((p) => this.#schema(p));
    const all: Json[] = isNullable || schemas.length === 0 ? [...schemas, "null"] : schemas;
    // so a declaration stays and its reference goes
    const first = new Map(all.map(unionKey).map((key, _, keys) => [key, all[keys.indexOf(key)]]));
    return [...first.values()];
  }

  #name(): string {
    return `T${this.#count++}`;
  }
}

function unionKey(schema: Json): string {
  if (typeof schema === "string") return schema;
  const { type, name } = schema as { readonly type: string; readonly name?: string };
  return name === undefined ? type : `n.${name}`;
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function valueOf(type: AvroType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "int":
    case "float":
      return fc.oneof(fc.integer(), fc.integer({ min: -200, max: 200 }));
    case "long":
      // milliseconds become microseconds, which have to fit as well
      return type.logical === "timestamp-millis"
        ? int64.map((n) => n / 1000n)
        : fc.oneof(int64, fc.bigInt({ min: -200n, max: 200n }));
    case "double":
      return int64;
    case "string":
      return fc.string({ unit: "grapheme", maxLength: 300, size: "small" });
    case "bytes":
      return type.decimal
        ? decimalBytes
        : fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b));
    case "fixed":
      return type.decimal
        ? fc.constant(Buffer.alloc(type.size))
        : fc.uint8Array({ minLength: type.size, maxLength: type.size }).map((b) => Buffer.from(b));
    case "enum":
      return fc.constantFrom(...type.symbols);
    case "array":
      return fc.array(valueOf(type.items), { maxLength: 4 });
    case "map":
      return fc
        .dictionary(fc.string(), valueOf(type.values), { maxKeys: 4 })
        .map((d) => Object.entries(d));
    case "record":
      return fc.tuple(...type.fields.map((f) => valueOf(f.type)));
    case "union":
      return fc
        .nat(type.branches.length - 1)
        .chain((branch) => valueOf(type.branches[branch]).map((value) => ({ branch, value })));
  }
}

/** Up to 20 digits, with some needless leading bytes. */
const decimalBytes = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }),
    fc.integer({ min: 9, max: 30 }),
  )
  .map(([unscaled, length]) => {
    const bytes = Buffer.from(
      BigInt.asUintN(8 * length, unscaled)
        .toString(16)
        .padStart(2 * length, "0"),
      "hex",
    );
    return bytes;
  });

/** Random schemas with a few random alerts of each. */
export const randomAlerts: fc.Arbitrary<RandomAlerts> = fc
  .array(fc.letrec<{ type: Draft }>((tie) => ({ type: drafts(tie("type")) })).type, {
    minLength: 1,
    maxLength: 6,
  })
  .chain((fields) => {
    const text = JSON.stringify(new Namer().record(fields));
    const type = parseSchema(text);
    return fc.record({
      text: fc.constant(text),
      type: fc.constant(type),
      alerts: fc.array(valueOf(type), { maxLength: 5 }),
    });
  });
