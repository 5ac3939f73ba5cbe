import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { accountOf } from "../../src/account/account.ts";
import { type List, listOf, lists } from "../../src/account/lists.ts";
import { surveysOf } from "../../src/archive/setup.ts";
import { writeContainer } from "../../src/avro/container.ts";
import { configSchema } from "../../src/config/schema.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { packetsOf } from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";
import { startFink } from "../archive/process.ts";

let folder = "";
let lake = "";
const ids: string[] = [];
const surveys = surveysOf(configSchema.parse({}));
const fink = (...args: string[]) =>
  startFink(args, { FINK_LAKE: lake, FINK_ARCHIVE_BATCH_ALERTS: "10", FINK_ARCHIVE_WORKERS: "1" })
    .ended;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-account-"));
  lake = join(folder, "lake");
  mkdirSync(join(folder, "alerts"));
  for (const batch of simulateHere({
    survey: "ztf",
    schema: "4.02",
    nights: ["2026-10-10"],
    alerts: 40,
    seed: 3,
    rates: {},
  })) {
    let i = 0;
    for (const bytes of packetsOf(batch)) {
      ids.push(String(batch.alertIds[i]));
      writeFileSync(join(folder, "alerts", `${batch.alertIds[i++]}.avro`), bytes);
      if (ids.length === 1) writeFileSync(join(folder, "alerts", "sent-again.avro"), bytes);
    }
  }
  writeFileSync(join(folder, "alerts", "damaged.avro"), "no alert");
  expect(await fink("ingest", join(folder, "alerts"))).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("balances: archived + rejected, sent again, and what science has yet to do", async () => {
  const before = await accountOf(lake, surveys);
  expect(before).toMatchObject({ balanced: true });
  const ztf = (account: typeof before) => account.surveys.find(({ survey }) => survey === "ztf")!;
  expect(ztf(before).nights).toMatchObject([
    {
      night: 20261010,
      archived: 41,
      distinct: 40,
      duplicates: 1,
      waiting: 40,
      complete: 0,
      missing: 0,
    },
  ]);
  expect(before.surveys.find(({ survey }) => survey === "unknown")).toMatchObject({
    topics: [{ received: 1, archived: 0, rejected: 1, gaps: [] }],
  });
  expect(await fink("start", "science", "--once")).toMatchObject({ code: 0 });
  const after = await accountOf(lake, surveys);
  expect(after).toMatchObject({ balanced: true });
  expect(ztf(after).nights).toMatchObject([
    { waiting: 0, complete: 40, pending: 0, missing: 0, unknown: 0 },
  ]);
  expect(
    (await accountOf(lake, surveys, { night: 20200101 })).surveys.flatMap(({ nights }) => nights),
  ).toEqual([]);
  const listed = async (list: List) =>
    (await listOf(lake, surveys.named("ztf"), { night: 20261010, list })).length;
  expect(await Promise.all(lists.map(async (list) => [list, await listed(list)]))).toEqual(
    Object.entries({
      archived: 41,
      distinct: 40,
      duplicates: 2,
      rejected: 0,
      complete: 40,
      pending: 0,
      waiting: 0,
      missing: 0,
      matches: 0,
    }),
  );
  const [{ source, archived }] = ztf(after).topics;
  expect(
    await listOf(lake, surveys.named("ztf"), { night: 0, list: "archived", source }),
  ).toHaveLength(archived);
  expect(await fink("account")).toMatchObject({
    code: 0,
    output: expect.stringContaining("Every alert is accounted for."),
  });
});

it("names rows that somebody took out of science, then of raw", async () => {
  const science = new LakeTable(join(lake, "ztf/science"));
  science.commit({ operation: "by hand", remove: [[...science.snapshot.files.keys()][0]] });
  const lost = await accountOf(lake, surveys);
  const [{ missing }] = lost.surveys.find(({ survey }) => survey === "ztf")!.nights;
  expect(missing).toBeGreaterThan(0);
  expect(lost.balanced).toBe(false);
  const named = lost.surveys.flatMap(({ problems }) => problems).join();
  expect(ids.filter((id) => named.includes(id))).toHaveLength(missing);
  expect(
    await listOf(lake, surveys.named("ztf"), { night: 20261010, list: "missing" }),
  ).toHaveLength(missing);

  const raw = new LakeTable(join(lake, "ztf/raw"));
  raw.commit({ operation: "by hand", remove: [[...raw.snapshot.files.keys()][1]] });
  const { code, output } = await fink("account");
  expect(code).toBe(1);
  expect(output).toContain("DOES NOT ADD UP");
  expect(output).toMatch(
    /\.avro: all \d+ received of partition 0 are neither in raw nor in rejected/,
  );
  expect(output).toMatch(/rows of science whose alert is not in raw: \d+/);
});

it("counts the alerts that a damaged file says it has, and a file without any, as rejected", async () => {
  const [files, own] = [join(folder, "odd"), join(folder, "odd-lake")];
  mkdirSync(files);
  const schema = JSON.stringify({
    type: "record",
    namespace: "ztf",
    name: "alert",
    fields: [{ name: "candid", type: "long" }],
  });
  writeFileSync(
    join(files, "damaged.avro"),
    writeContainer({ schema, blocks: [[Uint8Array.of(2), Uint8Array.of(128)]] }),
  ); // waits whole, as one row
  writeFileSync(join(files, "without.avro"), writeContainer({ schema, blocks: [] }));
  expect(await startFink(["ingest", files], { FINK_LAKE: own }).ended).toMatchObject({ code: 0 });
  const { balanced, surveys: found } = await accountOf(own, surveys);
  expect(balanced).toBe(true);
  expect(
    found[0].topics.map(({ received, archived, rejected }) => [received, archived, rejected]),
  ).toEqual([
    [2, 0, 2],
    [1, 0, 1],
  ]);
});

// It said "Every alert is accounted for" while science had no row of them.
it("says that a survey whose id nobody named gets no science, once science runs", async () => {
  const [files, own] = [join(folder, "undescribed"), join(folder, "undescribed-lake")];
  mkdirSync(files);
  const schema = JSON.stringify({
    type: "record",
    namespace: "winter",
    name: "alert",
    fields: [{ name: "candid", type: "long" }],
  });
  writeFileSync(
    join(files, "some.avro"),
    writeContainer({ schema, blocks: [[Uint8Array.of(2), Uint8Array.of(4)]] }),
  );
  const run = (...args: string[]) => startFink(args, { FINK_LAKE: own }).ended;
  expect(await run("ingest", files)).toMatchObject({ code: 0 });
  expect(await accountOf(own, surveys)).toMatchObject({
    balanced: true,
    surveys: [{ survey: "winter", nights: [{ archived: 2, waiting: 2, missing: 0 }] }],
  });
  await run("start", "science", "--once");
  const { code, output } = await run("account");
  expect(output).toMatch(
    /winter: night \d{8}: 2 alerts without an id, so without a row in science: name the column of their id \(alert:\) in a definition of survey winter/,
  );
  expect(code).toBe(1);
});

it("names the offsets of a topic that are gone", async () => {
  const kafka = join(folder, "kafka-lake");
  const { broken, whole } = await withOffsets(kafka);
  expect(whole).toMatchObject({
    balanced: true,
    surveys: [{ topics: [{ source: "ztf_topic", received: 30, archived: 30, gaps: [] }] }],
  });
  expect(broken.balanced).toBe(false);
  expect(broken.surveys[0].topics[0].gaps).toEqual([
    { partition: 0, from: 10, to: 19, night: 20261010 },
  ]);
});

/**
 * The lake's own alerts under a topic's name: three files of ten, of which the middle one is then
 * removed.
 */
async function withOffsets(to: string) {
  const { encodeFile, writeFiles } = await import("../../src/archive/files.ts");
  const { nested, toArrow } = await import("../../src/science/results.ts");
  const table = new LakeTable(join(to, "ztf/raw"));
  const column = (name: string, type: "int" | "long" | "string", values: never) =>
    [name, toArrow({ type }, { values }, 10)] as const;
  const files = [0, 10, 20].map((first) =>
    encodeFile(
      nested(
        [
          column(
            "candid",
            "long",
            BigInt64Array.from({ length: 10 }, (_, i) => BigInt(first + i + 1)) as never,
          ),
          column("_source", "string", Array.from({ length: 10 }, () => "ztf_topic") as never),
          column("_partition", "int", new Int32Array(10) as never),
          column(
            "_offset",
            "long",
            BigInt64Array.from({ length: 10 }, (_, i) => BigInt(first + i)) as never,
          ),
        ],
        10,
      ),
      20261010,
    ),
  );
  const written = await writeFiles(files, table.path);
  table.commit({
    operation: "archive",
    add: written.files,
    schema: written.schema!,
    positions: new Map([["kafka:ztf_topic:0", { from: null, to: 30 }]]),
  });
  const whole = await accountOf(to, surveys);
  table.commit({ operation: "by hand", remove: [written.files[1].path] });
  return { whole, broken: await accountOf(to, surveys) };
}

it("counts the other surveys when one has a table that cannot be read, and names it", async () => {
  const table = new LakeTable(join(lake, "lsst/raw"));
  table.commit({ operation: "test" });
  writeFileSync(join(table.path, "_delta_log/00000000000000000000.json"), "{");
  const { surveys: all, balanced } = await accountOf(lake, surveys);
  expect(balanced).toBe(false);
  expect(all.find(({ survey }) => survey === "lsst")).toMatchObject({
    nights: [],
    problems: [expect.stringContaining("lsst/raw/_delta_log")],
  });
  expect(all.find(({ survey }) => survey === "ztf")?.nights).toMatchObject([{ night: 20261010 }]);
});
