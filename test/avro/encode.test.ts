import avsc from "avsc";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { AvroType } from "../../src/avro/schema.ts";
import { encode } from "./encode.ts";
import { randomAlerts, type Value } from "./random.ts";

/** The decoder's tests stand on `encode`, so it is held against a second opinion. */
it("the tests' encoder writes what avsc writes", () => {
  fc.assert(
    fc.property(randomAlerts, ({ text, type, alerts }) => {
      fc.pre(!text.includes('"size":0')); // avsc has no empty fixed
      const long = avsc.types.LongType.__with({
        fromBuffer: (b: Buffer) => b.readBigInt64LE(),
        toBuffer: (n: bigint) => Buffer.from(BigInt64Array.of(n).buffer),
        fromJSON: BigInt,
        toJSON: String,
        isValid: (n: unknown) => typeof n === "bigint",
        compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
      });
      const other = avsc.Type.forSchema(JSON.parse(text, withoutLogical) as avsc.Schema, {
        registry: { long },
        wrapUnions: "always",
      });
      for (const alert of alerts) {
        const plain = plainFloats(type, alert);
        expect(encode(type, plain)).toEqual(other.toBuffer(forAvsc(type, plain)));
      }
    }),
    { numRuns: 200 },
  );
});

/** avsc takes its own long for one with a logical type. */
function withoutLogical(
  _: string,
  value: { readonly type?: unknown; readonly logicalType?: string; readonly name?: string } | null,
): unknown {
  return value?.logicalType !== undefined && value.name === undefined ? value.type : value;
}

/** avsc does not keep the payload of a NaN. */
function plainFloats(type: AvroType, value: Value): Value {
  return mapLeaves(type, value, (leaf, v) =>
    leaf.kind === "float" || leaf.kind === "double"
      ? Number.isNaN(floatOf(leaf, v))
        ? leaf.kind === "float"
          ? 1
          : 1n
        : v
      : v,
  ) as Value;
}

function forAvsc(type: AvroType, value: Value): unknown {
  return mapLeaves(
    type,
    value,
    (leaf, v) => (leaf.kind === "float" || leaf.kind === "double" ? floatOf(leaf, v) : v),
    true,
  );
}

function floatOf({ kind }: AvroType, bits: Value): number {
  return kind === "float"
    ? new Float32Array(Int32Array.of(bits as number).buffer)[0]
    : new Float64Array(BigInt64Array.of(bits as bigint).buffer)[0];
}

/** `named`: records and maps become objects, unions `{ branch name: value }`. */
function mapLeaves(
  type: AvroType,
  value: Value,
  change: (leaf: AvroType, value: Value) => unknown,
  named = false,
): unknown {
  const inner = (t: AvroType, v: Value) => mapLeaves(t, v, change, named);
  switch (type.kind) {
    case "array":
      return (value as Value[]).map((v) => inner(type.items, v));
    case "map": {
      const entries = (value as [string, Value][]).map(
        ([key, v]) => [key, inner(type.values, v)] as const,
      );
      return named ? Object.fromEntries(entries) : entries;
    }
    case "record": {
      const values = type.fields.map((f, i) => inner(f.type, (value as Value[])[i]));
      return named ? Object.fromEntries(type.fields.map((f, i) => [f.name, values[i]])) : values;
    }
    case "union": {
      const { branch, value: v } = value as { branch: number; value: Value };
      const chosen = type.branches[branch];
      if (!named) return { branch, value: inner(chosen, v) };
      return chosen.kind === "null"
        ? null
        : { ["name" in chosen ? chosen.name : chosen.kind]: inner(chosen, v) };
    }
    default:
      return change(type, value);
  }
}
