import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { project } from "../cli/run.ts";
import { available } from "../require.ts";

/**
 * Real alerts with the values that fastavro reads in them; its README says how they are written.
 */
export const alertsFolder = join(project, "../shared/reference/alerts");
export const hasReference = available(
  "reference",
  existsSync(alertsFolder),
  "the archive of real alerts: there is no ../shared/reference",
);

/**
 * The two oldest ZTF packets: their `isdiffpos` is a number where all others have a text. They may
 * wait.
 */
export const mayWait = /^ztf\/old\/schema_none\//;

export interface ExpectedFile {
  /** Path below the folder of the alerts. */
  readonly file: string;
  readonly records: readonly unknown[];
}

export function expectedFiles(): ExpectedFile[] {
  return globSync(join(alertsFolder, "expected/decoded/*.jsonl.gz")).flatMap((path) => {
    const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as ExpectedFile);
  });
}

/** Damaged files that must be rejected. */
export function badFiles(): string[] {
  const bad = JSON.parse(readFileSync(join(alertsFolder, "expected/bad.json"), "utf8")) as Record<
    string,
    { expect: string }
  >;
  return Object.entries(bad).flatMap(([name, { expect }]) =>
    expect.startsWith("any outcome") ? [] : [`bad/${name}`],
  );
}

/**
 * Where a row in canonical form (test/lake/tables.ts) differs from what was expected, e.g.
 * `candidate.jd: 4142… is not 2458…`; null: nowhere. Columns the alert does not have must be null.
 */
export function difference(found: unknown, expected: unknown, path = ""): string | null {
  if (found === null || expected === null)
    return found === expected
      ? null
      : `${path}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`;
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length)
      return `${path}: not ${expected.length} items`;
    return firstOf(expected.keys(), (i) => difference(found[i], expected[i], `${path}[${i}]`));
  }
  if (typeof expected === "object" && typeof found === "object")
    return recordDifference(found as Values, expected as Values, path);
  return isSame(found as string | boolean, expected)
    ? null
    : `${path}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`;
}

type Values = Readonly<Record<string, unknown>>;

function recordDifference(found: Values, expected: Values, path: string): string | null {
  const own = (name: string) => path === "" && (name === "night" || name.startsWith("_"));
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  return firstOf(names, (name) =>
    own(name)
      ? null
      : difference(
          found[name] ?? null,
          expected[name] ?? null,
          path === "" ? name : `${path}.${name}`,
        ),
  );
}

function firstOf<T>(items: Iterable<T>, find: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Integers come as digits, floating point numbers as 16 hexadecimal digits, bytes as hexadecimal.
 */
function isSame(found: string | boolean, expected: unknown): boolean {
  if (typeof found === "boolean") return found === expected;
  if (typeof expected === "object") {
    const { sha256, length } = expected as { sha256: string; length: number };
    return (
      found.length === 2 * length &&
      createHash("sha256").update(found, "hex").digest("hex") === sha256
    );
  }
  if (found === String(expected)) return true;
  const isNumber =
    typeof expected === "number" || expected === "NaN" || /^-?Infinity$/.test(expected as string);
  return (
    isNumber &&
    /^[0-9a-f]{16}$/.test(found) &&
    Object.is(Buffer.from(found, "hex").readDoubleBE(), Number(expected))
  );
}
