import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Binary, Float32, Float64, Int64, List, Struct, Utf8 } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LakeTable } from "../../src/lake/table.ts";
import { hasPython, python } from "./readers.ts";
import { append, column } from "./tables.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/lake.md"), "utf8");
const examples = [...page.matchAll(/^```python\n([\s\S]*?)^```/gm)].map((match) => match[1]);
const folder = mkdtempSync(join(tmpdir(), "fink-docs-"));

/**
 * As many fields as a real alert has: readers take statistics of the first 32 leaves of a table
 * only, unless it says otherwise.
 */
const more = Array.from({ length: 40 }, (_, i) => column(`field${i}`, new Float32()));
const candidate = new Struct([
  column("jd", new Float64()),
  column("magpsf", new Float32()),
  ...more,
]);
const alert = new Struct([
  column("objectId", new Utf8()),
  column("candid", new Int64()),
  column("candidate", candidate),
  column("prv_candidates", new List(column("element", candidate))),
  column("cutoutScience", new Struct([column("stampData", new Binary())])),
]);

beforeAll(async () => {
  mkdirSync(join(folder, "lake"));
  const table = new LakeTable(join(folder, "lake", "ztf", "raw"));
  const cutoutScience = { stampData: gzipSync("SIMPLE  =                    T") };
  await append(
    table,
    alert,
    [
      {
        objectId: "ZTF26aaaaaaa",
        candid: 2n ** 60n,
        candidate: { jd: 2461071.5, magpsf: 17.5 },
        prv_candidates: [{ magpsf: 18.25 }, { magpsf: 18.5 }, {}],
        cutoutScience,
      },
    ],
    20260131,
  );
  await append(
    table,
    alert,
    [
      {
        objectId: "ZTF26aaaaaab",
        candid: 2n,
        candidate: { jd: 2461071.5, magpsf: 19.5 },
        cutoutScience,
      },
    ],
    20260131,
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasPython)(
  "docs/lake.md: each Python example runs and shows what it should",
  () => {
    const shows = ["ZTF26aaaaaaa", "17.5", "18.25", "20260131", "SIMPLE"];

    test("Polars takes a condition on a field of a structure, however many fields it has", () => {
      const script = `import os, sys, polars as pl
rows = pl.scan_delta("lake/ztf/raw").filter(pl.col("candidate").struct.field("magpsf") < 18).select("candid").collect()
print(rows.rows())
sys.stdout.flush()
os._exit(0)`;
      expect(execFileSync(python, ["-c", script], { cwd: folder, encoding: "utf8" })).toBe(
        `[(${2n ** 60n},)]\n`,
      );
    });

    test("there is an expectation for each", () => expect(examples).toHaveLength(shows.length));

    test.each(shows.map((text, i) => [text, examples[i]]))(
      "%s",
      { timeout: 60_000 },
      (text, example) => {
        // deltalake's threads now and then abort a Python that ends on a busy machine ("terminate
        // called without an active exception"): it ends without them
        const ended = `${example}\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n`;
        expect(execFileSync(python, ["-c", ended], { cwd: folder, encoding: "utf8" })).toContain(
          text,
        );
      },
    );
  },
);
