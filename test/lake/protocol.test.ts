import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Protocol } from "../../src/lake/protocol.ts";
import { readCheckpoint } from "../../src/lake/checkpoint.ts";
import { compactTable } from "../../src/lake/compact.ts";
import { checkpointPath, entryPath, logFolder } from "../../src/lake/log.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { withUpkeep } from "../../src/lake/upkeep.ts";
import { vacuumTable } from "../../src/lake/vacuum.ts";
import { openSession } from "../../src/sql/session.ts";
import { surveySchema } from "../../src/surveys/definition.ts";
import { project, run } from "../cli/run.ts";
import { hasPython, readWithPython } from "./readers.ts";
import { append, oldColumns } from "./tables.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-protocol-"));
const survey = surveySchema.parse({ name: "ztf", object: "objectId" });
let lake = "";
let path = "";
let count = 0;

beforeEach(async () => {
  lake = join(folder, String(count++));
  path = join(lake, "ztf", "raw");
  const table = new LakeTable(path);
  for (let i = 0; i < 3; i++)
    await append(table, oldColumns, [{ objectId: `a${i}`, candid: BigInt(i) }], 20260101);
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What another engine does when a property of the table needs a newer protocol. */
function upgrade(protocol: Protocol): void {
  const { version } = new LakeTable(path).snapshot;
  writeFileSync(
    entryPath(path, version + 1),
    `{"commitInfo":{"operation":"UPGRADE PROTOCOL"}}\n${JSON.stringify({ protocol })}\n`,
  );
}

const fink = (...args: string[]) =>
  run(process.execPath, [join(project, "src/cli/main.ts"), ...args], { FINK_LAKE: lake });
const deletionVectors = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ["deletionVectors"],
  writerFeatures: ["deletionVectors"],
};

describe("a table that needs a feature Fink does not have", () => {
  test.each([
    ["deletionVectors", deletionVectors],
    [
      "v2Checkpoint",
      {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ["v2Checkpoint"],
        writerFeatures: ["v2Checkpoint"],
      },
    ],
    ["columnMapping", { minReaderVersion: 2, minWriterVersion: 5 }],
    ["reader version 4", { minReaderVersion: 4, minWriterVersion: 8 }],
  ])("is refused to readers and writers by name: %s", async (feature, protocol) => {
    const open = new LakeTable(path);
    upgrade(protocol);
    const refused = {
      code: "lake",
      message: expect.stringMatching(new RegExp(`${path} needs .*${feature}`)) as string,
    };
    expect(() => new LakeTable(path)).toThrow(expect.objectContaining(refused));
    for (const again of [1, 2])
      expect(() => open.refresh(), String(again)).toThrow(expect.objectContaining(refused));
    await expect(append(open, oldColumns, [{ objectId: "b" }], 20260101)).rejects.toMatchObject(
      refused,
    );
    expect(() => vacuumTable(path, { keepDays: 0 })).toThrow(expect.objectContaining(refused));
  });

  test.each([
    ["changeDataFeed", { minReaderVersion: 1, minWriterVersion: 4 }],
    [
      "rowTracking",
      { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["appendOnly", "rowTracking"] },
    ],
  ])("of writers alone is read, and refused to writers: %s", async (feature, protocol) => {
    upgrade(protocol);
    const table = new LakeTable(path);
    expect(table.snapshot.files.size).toBe(3);
    const refused = { code: "lake", message: expect.stringContaining(feature) as string };
    await expect(append(table, oldColumns, [{ objectId: "b" }], 20260101)).rejects.toMatchObject(
      refused,
    );
    await expect(
      withUpkeep(lake, (upkeep) => compactTable(upkeep, path, survey, { targetBytes: 1e8 })),
    ).rejects.toMatchObject(refused);
    expect(() => vacuumTable(path, { keepDays: 0 })).toThrow(expect.objectContaining(refused));
    expect(() => table.checkpoint()).toThrow(expect.objectContaining(refused));
    expect(readdirSync(logFolder(path)).filter((name) => name.includes("checkpoint"))).toEqual([]);
  });

  test("is named by check, query, ingest and compact, which change nothing", async () => {
    upgrade(deletionVectors);
    mkdirSync(join(lake, "alerts"));
    writeFileSync(join(lake, "alerts/one.avro"), "no alert");
    const before = readdirSync(logFolder(path));
    for (const args of [
      ["check"],
      ["query", "SELECT count(*) FROM ztf.raw"],
      ["compact"],
      ["vacuum"],
    ]) {
      const { code, stdout, stderr } = await fink(...args);
      expect(stdout + stderr, args[0]).toMatch(
        /ztf\/raw needs deletionVectors of the Delta protocol/,
      );
      expect(code, args[0]).toBe(1);
    }
    expect(readdirSync(logFolder(path))).toEqual(before);
    await append(
      new LakeTable(join(lake, "lsst", "raw")),
      oldColumns,
      [{ objectId: "b", candid: 1n }],
      20260101,
    );
    const listed = await fink("lake", "list");
    expect(listed).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("lsst.raw"),
      stderr: expect.stringContaining("ztf/raw needs deletionVectors"),
    });
  }, 120_000);
});

test("features that Fink has need nothing of it", async () => {
  upgrade({
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: [],
    writerFeatures: ["appendOnly", "invariants"],
  });
  const table = new LakeTable(path);
  await append(table, oldColumns, [{ objectId: "b", candid: 9n }], 20260101);
  expect(table.snapshot.files.size).toBe(4);
});

test("a checkpoint never lowers the protocol; deltalake reads it", async () => {
  const raised = {
    minReaderVersion: 1,
    minWriterVersion: 7,
    writerFeatures: ["appendOnly", "invariants"],
  };
  upgrade(raised);
  const table = new LakeTable(path);
  table.checkpoint();
  const { version } = table.snapshot;
  expect(
    [...readCheckpoint(checkpointPath(path, version))].find(({ protocol }) => protocol)?.protocol,
  ).toEqual(raised);
  expect(JSON.parse(readFileSync(join(logFolder(path), "_last_checkpoint"), "utf8"))).toEqual({
    version,
    size: [...readCheckpoint(checkpointPath(path, version))].length,
  });
  for (let i = 0; i <= version; i++) rmSync(entryPath(path, i));
  expect(new LakeTable(path).snapshot.protocol).toEqual(raised);
  if (!hasPython) return;
  for (const reader of ["deltalake", "polars"] as const)
    expect(await readWithPython(reader, path), reader).toHaveLength(3);
});

test("an append-only table takes rows, is compacted, and loses none", async () => {
  const table = new LakeTable(path);
  const { metaData } = table.snapshot;
  const appendOnly = {
    ...metaData,
    configuration: { ...metaData?.configuration, "delta.appendOnly": "true" },
  };
  writeFileSync(
    entryPath(path, table.snapshot.version + 1),
    `${JSON.stringify({ metaData: appendOnly })}\n`,
  );
  await append(table, oldColumns, [{ objectId: "b", candid: 9n }], 20260101);
  expect(() =>
    table.commit({ operation: "science run", remove: [[...table.snapshot.files.keys()][0]] }),
  ).toThrow("append-only");
  expect(
    await withUpkeep(lake, (upkeep) => compactTable(upkeep, path, survey, { targetBytes: 1e8 })),
  ).toMatchObject({ before: 4, after: 1 });
});

test("a table of an earlier Fink gets the property Polars needs with its next commit", async () => {
  const table = new LakeTable(path);
  const before = {
    ...table.snapshot.metaData,
    configuration: { "delta.checkpointInterval": "100" },
  };
  writeFileSync(
    entryPath(path, table.snapshot.version + 1),
    `${JSON.stringify({ metaData: before })}\n`,
  );
  await append(table, oldColumns, [{ objectId: "b", candid: 9n }], 20260101);
  expect(new LakeTable(path).snapshot.metaData?.configuration).toMatchObject({
    "delta.dataSkippingNumIndexedCols": "-1",
  });
});

describe("a damaged checkpoint", () => {
  beforeEach(() => vi.spyOn(process, "emitWarning").mockImplementation(() => {}));

  async function damagedAt(cut: number): Promise<string> {
    const table = new LakeTable(path);
    table.checkpoint();
    await append(table, oldColumns, [{ objectId: "later", candid: 9n }], 20260101);
    const file = checkpointPath(path, table.snapshot.version - 1);
    truncateSync(file, cut);
    return file;
  }

  test.each([0, 100, 5000])(
    "cut to %i bytes is said once and read over, as long as the entries are there",
    async (bytes) => {
      const file = await damagedAt(bytes);
      for (let i = 0; i < 2; i++)
        expect(new LakeTable(path).snapshot).toMatchObject({ version: 3, files: { size: 4 } });
      expect(
        vi.mocked(process.emitWarning).mock.calls.filter(([text]) => String(text).includes(file)),
      ).toHaveLength(1);
    },
  );

  test("is followed by an older one that is whole", async () => {
    const table = new LakeTable(path);
    table.checkpoint();
    await append(table, oldColumns, [{ objectId: "b", candid: 8n }], 20260101);
    await damagedAt(5000);
    for (let i = 0; i <= 2; i++) rmSync(entryPath(path, i));
    expect(new LakeTable(path).snapshot).toMatchObject({ version: 4, files: { size: 5 } });
  });

  test("without the entries before it is named, with what to do", async () => {
    const file = await damagedAt(5000);
    for (let i = 0; i <= 2; i++) rmSync(entryPath(path, i));
    expect(() => new LakeTable(path)).toThrow(
      `${file} is damaged, and the log entries before it are gone: restore it from a backup`,
    );
  });

  test("is not what vacuum goes by, and is written anew", async () => {
    await damagedAt(5000);
    const inThreeDays = Date.now() + 3 * 86_400_000;
    expect(vacuumTable(path, { keepDays: 0, dryRun: true }, inThreeDays).deleted).toEqual([]);
    const table = new LakeTable(path);
    table.checkpoint();
    const file = checkpointPath(path, table.snapshot.version);
    truncateSync(file, 5000);
    table.checkpoint();
    expect([...readCheckpoint(file)].filter(({ add }) => add)).toHaveLength(4);
  });
});

test("a log whose beginning is gone, without a checkpoint Fink reads, is no new table", () => {
  for (let i = 0; i <= 1; i++) rmSync(entryPath(path, i));
  expect(() => new LakeTable(path)).toThrow("its log begins at version 2");
});

test("blank lines of an entry mean nothing", () => {
  appendFileSync(entryPath(path, 0), "   \n\r\n");
  expect(new LakeTable(path).snapshot.files.size).toBe(3);
});

test("one table that cannot be read breaks no query of another", async () => {
  upgrade(deletionVectors);
  await append(
    new LakeTable(join(lake, "lsst", "raw")),
    oldColumns,
    [{ objectId: "b", candid: 1n }],
    20260101,
  );
  const session = await openSession(lake);
  expect(await (await session.query("SELECT count(*) FROM lsst.raw")).getRowsJson()).toEqual([
    ["1"],
  ]);
  await expect(session.query("SELECT count(*) FROM ztf.raw")).rejects.toThrow(
    "needs deletionVectors",
  );
  session.close();
});
