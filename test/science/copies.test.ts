import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TimestampMicrosecond, makeData } from "apache-arrow";
import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeFile, writeFiles } from "../../src/archive/files.ts";
import { configSchema } from "../../src/config/schema.ts";
import { entryPath } from "../../src/lake/log.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { ScienceTable } from "../../src/science/follow.ts";
import { openAlertFile } from "../../src/science/parquet.ts";
import { nested, toArrow } from "../../src/science/results.ts";
import { type Run, workOn } from "../../src/science/work.ts";
import { surveySchema } from "../../src/surveys/definition.ts";

const survey = surveySchema.parse({ name: "ztf", alert: "candid" });
const nights = [20261001, 20261002, 20261003, 20261004];

/** A file of `raw`: some alerts of one night. */
interface RawFile {
  readonly night: number;
  readonly ids: readonly number[];
}

type Action =
  | { readonly kind: "archive"; readonly files: readonly RawFile[] }
  | { readonly kind: "step"; readonly batchAlerts: number }
  /** The process dies after so many jobs of the step: nothing it knew is left. */
  | { readonly kind: "kill"; readonly batchAlerts: number; readonly jobs: number }
  /** A job throws, and the process goes on. */
  | { readonly kind: "fail"; readonly batchAlerts: number; readonly jobs: number }
  /** Another process takes a step. */
  | { readonly kind: "other"; readonly batchAlerts: number }
  /**
   * Vacuum removes the entries of `raw`, so that a reader who is behind gets all files of the
   * table.
   */
  | { readonly kind: "vacuum" };

const batchAlerts = fc.integer({ min: 1, max: 12 });
const jobs = fc.integer({ min: 0, max: 12 });
const rawFile = fc.record({
  night: fc.constantFrom(...nights),
  ids: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }),
});
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("archive" as const),
      files: fc.array(rawFile, { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("step" as const), batchAlerts }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), batchAlerts, jobs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail" as const), batchAlerts, jobs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("other" as const), batchAlerts }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("vacuum" as const) }) },
);

const run: Run = (kind, job) =>
  workOn(kind, job, {
    setup: { lake: "", config: configSchema.parse({}).science },
    modules: [],
    off: new Map(),
  });

class Jobs {
  #left: number;

  constructor(left: number) {
    this.#left = left;
  }

  run: Run = async (kind, job) => {
    if (this.#left-- <= 0) throw new Error("cut off");
    return await run(kind, job);
  };
}

let offset = 0;

async function archive(raw: LakeTable, files: readonly RawFile[]): Promise<void> {
  const encoded = files.map(({ night, ids }) => {
    const count = ids.length;
    const received = makeData({
      type: new TimestampMicrosecond("UTC"),
      length: count,
      nullCount: 0,
      data: new BigInt64Array(count),
    });
    const columns = nested(
      [
        ["candid", toArrow({ type: "long" }, { values: BigInt64Array.from(ids, BigInt) }, count)],
        ["_source", toArrow({ type: "string" }, { values: ids.map(() => "files") }, count)],
        ["_partition", toArrow({ type: "int" }, { values: new Int32Array(count) }, count)],
        [
          "_offset",
          toArrow(
            { type: "long" },
            { values: BigInt64Array.from(ids, () => BigInt(offset++)) },
            count,
          ),
        ],
        ["_received_at", received],
      ],
      count,
    );
    return encodeFile(columns, night, survey);
  });
  const written = await writeFiles(encoded, raw.path);
  raw.commit({ operation: "archive", add: written.files, schema: written.schema! });
}

async function take(lake: string, actions: readonly Action[]): Promise<void> {
  const raw = new LakeTable(join(lake, "ztf/raw"));
  let table = new ScienceTable(lake, survey);
  const other = new ScienceTable(lake, survey);
  for (const one of actions) {
    if (one.kind === "archive") await archive(raw, one.files);
    else if (one.kind === "step") await table.step(run, one.batchAlerts);
    else if (one.kind === "other") await other.step(run, one.batchAlerts);
    else if (one.kind === "vacuum") {
      if (raw.snapshot.version < 1) continue;
      raw.checkpoint();
      for (let version = 0; version < raw.snapshot.version; version++)
        rmSync(entryPath(raw.path, version), { force: true });
    } else {
      await table.step(new Jobs(one.jobs).run, one.batchAlerts).catch((error: unknown) => {
        if (!String(error).includes("cut off")) throw error;
      });
      if (one.kind === "kill") table = new ScienceTable(lake, survey);
    }
  }
  while ((await table.step(run, 5)) !== null);
}

async function rowsOf(lake: string): Promise<string[]> {
  const { path, snapshot } = new LakeTable(join(lake, "ztf/science"));
  const rows: string[] = [];
  for (const file of snapshot.files.values()) {
    const columns = await (await openAlertFile(join(path, file.path))).read(["candid"]);
    for (const id of columns.longs("candid")) rows.push(`${file.partitionValues["night"]}/${id}`);
  }
  return rows.sort();
}

it(
  "science has one row of an alert, whatever files, nights and commits its copies are in, with and without kills",
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 2, maxLength: 12 }), async (actions) => {
        const lake = mkdtempSync(join(tmpdir(), "fink-copies-"));
        try {
          await take(lake, actions);
          const archived = actions.flatMap((one) =>
            one.kind === "archive"
              ? one.files.flatMap(({ night, ids }) => ids.map((id) => `${night}/${id}`))
              : [],
          );
          expect(await rowsOf(lake)).toEqual([...new Set(archived)].sort());
        } finally {
          rmSync(lake, { recursive: true, force: true });
        }
      }),
      { numRuns: 40 },
    );
  },
);

it("science has one row of an alert when a reader that starts over is given all nights of the table at once", async () => {
  const lake = mkdtempSync(join(tmpdir(), "fink-copies-"));
  try {
    const copies = Array.from({ length: 3 }, () =>
      nights.map((night) => ({ night, ids: [1, 2, 3] })),
    );
    const files = copies.map((files) => ({ kind: "archive" as const, files }));
    await take(lake, [...files, { kind: "vacuum" }]);
    expect(await rowsOf(lake)).toEqual(
      nights.flatMap((night) => [1, 2, 3].map((id) => `${night}/${id}`)),
    );
  } finally {
    rmSync(lake, { recursive: true, force: true });
  }
});
