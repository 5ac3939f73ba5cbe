import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { exportRows } from "../../src/delivery/export/export.ts";
import { python } from "./python.ts";

const interpreter = python();
const folder = mkdtempSync(join(tmpdir(), "fink-export-types-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const formats = ["avro", "parquet", "csv", "vot"] as const;
type Format = (typeof formats)[number];

/** A value as SQL writes it, and as `read_types.py` prints it; null has no SQL of its own. */
interface Given {
  readonly sql: string;
  readonly read: unknown;
}

interface Case {
  readonly type: string;
  /** How `read_types.py` reads it. */
  readonly kind: string;
  readonly value: fc.Arbitrary<Given>;
  /** What a format that lacks the type gives instead. */
  readonly instead?: Partial<Record<Format, (given: Given) => unknown>>;
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const whole = (min: bigint, max: bigint): fc.Arbitrary<Given> =>
  fc
    .oneof(fc.constantFrom(min, max), fc.bigInt({ min, max }))
    .map((value) => ({ sql: text(String(value)), read: String(value) }));
const signed = (bits: bigint) => whole(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n);
const unsigned = (bits: bigint) => whole(0n, 2n ** bits - 1n);

/** Read without zeros at its end. */
function decimal(precision: number, scale: number): fc.Arbitrary<Given> {
  const max = 10n ** BigInt(precision) - 1n;
  return fc
    .oneof(fc.constantFrom(max, -max, 195n, -5n, 0n), fc.bigInt({ min: -max, max }))
    .map((unscaled) => {
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
      const [before, after] = [
        digits.slice(0, digits.length - scale),
        digits.slice(digits.length - scale).replace(/0+$/, ""),
      ];
      const plain = `${unscaled < 0n ? "-" : ""}${before}${after === "" ? "" : `.${after}`}`;
      return { sql: text(plain), read: plain };
    });
}

const hexOf = (value: number, bytes: 4 | 8): string => {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 4) buffer.writeFloatBE(value);
  else buffer.writeDoubleBE(value);
  return buffer.toString("hex");
};
const floating = (values: fc.Arbitrary<number>, bytes: 4 | 8): fc.Arbitrary<Given> =>
  fc.oneof(fc.constantFrom(-0, 0, Infinity, -Infinity, 5), values).map((value) => ({
    sql: text(Object.is(value, -0) ? "-0.0" : String(value)),
    read: hexOf(value, bytes),
  }));

/** Microseconds since 1970 of the years 1 … 9999, which Python's datetime has. */
const micros = fc.oneof(
  fc.constant(1_769_821_323_456_789n),
  fc.bigInt({ min: -62_000_000_000_000_000n, max: 253_000_000_000_000_000n }),
);
const isoOf = (value: bigint, digits: number): string => {
  const ms = (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n;
  const iso = new Date(Number(ms)).toISOString().slice(0, 19);
  return `${iso}.${String(((value % 1_000_000n) + 1_000_000n) % 1_000_000n)
    .padStart(6, "0")
    .slice(0, digits)}`;
};
const instant = (unit: bigint): fc.Arbitrary<Given> =>
  micros
    .map((value) => (value / unit) * unit)
    .map((value) => ({ sql: text(isoOf(value, 6)), read: String(value) }));

const words = fc.oneof(
  fc.constantFrom(
    "a,b",
    'say "hi"',
    "two\nlines",
    "<&>",
    "Ångström ☉",
    "NULL",
    "1.50",
    "nan",
    " x ",
    "]]>",
  ),
  fc.string({ minLength: 1, maxLength: 8 }).map((value) => value.replace(/[\0\r]/g, "_")),
);
const asText = (values: fc.Arbitrary<string>): fc.Arbitrary<Given> =>
  values.map((value) => ({ sql: text(value), read: value }));

/**
 * VOTable is XML, which has no control characters; and its readers take white space at the ends
 * away.
 */
// eslint-disable-next-line no-control-regex
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const inXml = ({ read }: Given): unknown => (read as string).replace(notInXml, "").trim() || null;

const cases: Record<string, Case> = {
  boolean: {
    type: "BOOLEAN",
    kind: "boolean",
    value: fc.boolean().map((value) => ({ sql: String(value), read: value })),
  },
  tinyint: { type: "TINYINT", kind: "int", value: signed(8n) },
  smallint: { type: "SMALLINT", kind: "int", value: signed(16n) },
  integer: { type: "INTEGER", kind: "int", value: signed(32n) },
  bigint: { type: "BIGINT", kind: "int", value: signed(64n) },
  utinyint: { type: "UTINYINT", kind: "int", value: unsigned(8n) },
  usmallint: { type: "USMALLINT", kind: "int", value: unsigned(16n) },
  uinteger: { type: "UINTEGER", kind: "int", value: unsigned(32n) },
  ubigint: { type: "UBIGINT", kind: "int", value: unsigned(64n) },
  hugeint: { type: "HUGEINT", kind: "int", value: signed(64n) },
  uhugeint: { type: "UHUGEINT", kind: "int", value: unsigned(63n) },
  bignum: { type: "BIGNUM", kind: "int", value: signed(200n) },
  float: { type: "FLOAT", kind: "float", value: floating(fc.float({ noNaN: true }), 4) },
  double: { type: "DOUBLE", kind: "double", value: floating(fc.double({ noNaN: true }), 8) },
  "decimal(4,1)": { type: "DECIMAL(4,1)", kind: "decimal", value: decimal(4, 1) },
  "decimal(12,3)": { type: "DECIMAL(12,3)", kind: "decimal", value: decimal(12, 3) },
  "decimal(18,0)": { type: "DECIMAL(18,0)", kind: "decimal", value: decimal(18, 0) },
  "decimal(38,0)": { type: "DECIMAL(38,0)", kind: "decimal", value: decimal(38, 0) },
  "decimal(38,10)": { type: "DECIMAL(38,10)", kind: "decimal", value: decimal(38, 10) },
  varchar: { type: "VARCHAR", kind: "text", value: asText(words), instead: { vot: inXml } },
  enum: {
    type: "ENUM('SN Ia', 'AGN')",
    kind: "text",
    value: asText(fc.constantFrom("SN Ia", "AGN")),
  },
  uuid: { type: "UUID", kind: "text", value: asText(fc.uuid()) },
  bit: { type: "BIT", kind: "text", value: asText(fc.stringMatching(/^[01]{1,9}$/)) },
  blob: {
    type: "BLOB",
    kind: "bytes",
    value: fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => {
      const hex = Buffer.from(bytes).toString("hex");
      return { sql: `unhex('${hex}')`, read: hex };
    }),
  },
  date: {
    type: "DATE",
    kind: "date",
    value: micros
      .map((value) => isoOf(value, 6).slice(0, 10))
      .map((value) => ({ sql: text(value), read: value })),
  },
  time: {
    type: "TIME",
    kind: "text",
    value: asText(
      micros.map((value) => isoOf(value, 6).slice(11)).filter((value) => !value.endsWith("0")),
    ),
  },
  timetz: {
    type: "TIMETZ",
    kind: "text",
    value: asText(fc.constantFrom("01:02:03.000004+05", "23:59:59-11:30")),
  },
  interval: {
    type: "INTERVAL",
    kind: "text",
    value: asText(fc.constantFrom("1 month 2 days 00:00:03.000004", "-2 days", "00:00:00.000001")),
  },
  timestamp: { type: "TIMESTAMP", kind: "timestamp", value: instant(1n) },
  timestamptz: {
    type: "TIMESTAMPTZ",
    kind: "timestamp",
    value: instant(1n).map(({ sql, read }) => ({ sql: `${sql.slice(0, -1)}+00'`, read })),
  },
  "timestamp s": { type: "TIMESTAMP_S", kind: "timestamp", value: instant(1_000_000n) },
  "timestamp ms": { type: "TIMESTAMP_MS", kind: "timestamp", value: instant(1000n) },
  "timestamp ns": {
    type: "TIMESTAMP_NS",
    kind: "text",
    value: asText(
      fc.constantFrom("2026-01-31 01:02:03.456789123", "1969-12-31 23:59:59.999999999"),
    ),
  },
  json: {
    type: "JSON",
    kind: "text",
    value: asText(fc.json({ maxDepth: 1 }).map((value) => value.replace(/[^ -~]/g, ""))).filter(
      ({ read }) => read !== "",
    ),
  },
  union: {
    type: "UNION(num INTEGER, str VARCHAR)",
    kind: "text",
    value: fc.constant({ sql: "union_value(num := 7)", read: "7" }),
  },
  "list of integers": listOf("INTEGER", "int", signed(31n)),
  "list of ids": listOf("UBIGINT", "int", unsigned(64n)),
  "list of decimals": listOf("DECIMAL(4,1)", "decimal", decimal(4, 1)),
  "list of doubles": listOf("DOUBLE", "double", floating(fc.double({ noNaN: true }), 8)),
  "list of texts": listOf("VARCHAR", "text", asText(fc.constantFrom("a b", "c", '"', "1,2"))),
  "list of instants": listOf("TIMESTAMP", "timestamp", instant(1n)),
  array: {
    type: "SMALLINT[2]",
    kind: "list int",
    value: fc
      .tuple(signed(15n), signed(15n))
      .map(([a, b]) => ({ sql: `[${a.sql}, ${b.sql}]`, read: [a.read, b.read] })),
  },
  map: {
    type: "MAP(INTEGER, SMALLINT)",
    kind: "map",
    value: fc.tuple(signed(15n), signed(15n)).map(([key, value]) => ({
      sql: `MAP {${key.sql}: ${value.sql}}`,
      read: [[key.read, value.read]],
    })),
  },
};

function listOf(type: string, kind: string, values: fc.Arbitrary<Given>): Case {
  const value = fc.array(values, { minLength: 2, maxLength: 4 }).map((items) => ({
    sql: `[${items.map(({ sql }) => `${sql}::${type}`).join(", ")}]`,
    read: items.map(({ read }) => read),
  }));
  return { type: `${type}[]`, kind: `list ${kind}`, value };
}

/**
 * A VOTable has no decimals, and neither has the JSON of nested values in CSV: they are doubles
 * there.
 */
function kindIn(format: Format, { kind, type }: Case): string {
  const isDouble =
    /\(\d+,[1-9]\d*\)/.test(type) &&
    (format === "vot" || (format === "csv" && kind.startsWith("list")));
  return isDouble ? kind.replace("decimal", "double") : kind;
}

function readAs(format: Format, own: Case, given: Given | null): unknown {
  if (given === null) return null;
  if (own.instead?.[format]) return own.instead[format](given);
  if (kindIn(format, own) === own.kind) return given.read;
  const double = (read: unknown): unknown =>
    Array.isArray(read) ? read.map(double) : hexOf(Number(read), 8);
  return double(given.read);
}

describe.skipIf(interpreter === null)(
  "every type of DuckDB, exported and read by others",
  { timeout: 240_000 },
  () => {
    it("has the value that the query has, in every format", async () => {
      const names = Object.keys(cases);
      const rows = fc.sample(
        fc.tuple(...names.map((name) => fc.option(cases[name].value, { freq: 8 }))),
        60,
      );
      const cell = (given: Given | null, { type }: Case) =>
        `${given === null ? "NULL" : given.sql}::${type}`;
      const sql = rows
        .map(
          (row) =>
            `SELECT ${row.map((given, i) => `${cell(given, cases[names[i]])} AS "${names[i]}"`).join(", ")}`,
        )
        .join(" UNION ALL ");
      const files = Object.fromEntries(
        formats.map((format) => [format, join(folder, `all.${format}`)]),
      );
      for (const kind of formats)
        await exportRows({
          lake: folder,
          sql,
          place: { kind, file: files[kind] },
          signal: new AbortController().signal,
          progress: () => {},
        });
      const kinds = Object.fromEntries(
        formats.map((format) => [
          format,
          Object.fromEntries(names.map((name) => [name, kindIn(format, cases[name])])),
        ]),
      );
      const script = join(import.meta.dirname, "read_types.py");
      const read = JSON.parse(
        execFileSync(interpreter!, [script], {
          input: JSON.stringify({ files, kinds }),
        }).toString(),
      ) as Record<Format, Record<string, unknown>>;
      for (const format of formats) {
        for (const [i, name] of names.entries()) {
          const found = read[format][name];
          if (!Array.isArray(found)) throw new Error(`${format}, ${name}: ${String(found)}`);
          const compared = rows.map((row, n) => ({
            given: row[i]?.sql,
            found: found[n] as unknown,
            wanted: readAs(format, cases[name], row[i]),
          }));
          expect
            .soft(
              compared.filter(({ found: own, wanted }) => !isDeepStrictEqual(own, wanted)),
              `${format}, ${name}`,
            )
            .toEqual([]);
        }
      }
    });
  },
);
