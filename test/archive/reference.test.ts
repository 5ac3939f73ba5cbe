import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Archiver } from "../../src/archive/archiver.ts";
import { ingest, type IngestCounts } from "../../src/archive/ingest.ts";
import { archiverOptions } from "../../src/archive/setup.ts";
import { type Config, configSchema } from "../../src/config/schema.ts";
import { type TableName, tablesIn } from "../../src/lake/tables.ts";
import { listAlertFiles } from "../../src/sources/file-list.ts";
import { KafkaSource } from "../../src/sources/kafka.ts";
import { kafkaLib, startKafka } from "../kafka/broker.ts";
import { createTopic, produce } from "../kafka/topics.ts";
import { hasPython, readWithPython, readWithSql } from "../lake/readers.ts";
import type { Row } from "../lake/tables.ts";
import { operations } from "./lake-content.ts";
import {
  alertsFolder,
  badFiles,
  difference,
  expectedFiles,
  hasReference,
  mayWait,
} from "./reference.ts";

const lib = hasReference ? kafkaLib() : null;
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

describe.skipIf(!hasReference)("real alerts", { timeout: 300_000 }, () => {
  let folder = "";
  let fromFiles: Content;
  let counts: IngestCounts;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "fink-reference-"));
    counts = await ingestInto("files", [alertsFolder]);
    fromFiles = await contentOf(join(folder, "files"));
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const configOf = (name: string, more: object = {}): Config =>
    configSchema.parse({
      lake: join(folder, name),
      schemas: { folder: join(alertsFolder, "lsst/schemas") },
      ...more,
    });
  const ingestInto = (name: string, paths: readonly string[], more = {}) =>
    ingest(
      paths,
      configOf(name, more),
      undefined,
      { warn: () => {} },
      new AbortController().signal,
    );

  it("have every field as it was sent, bit for bit", () => {
    expectExpected(fromFiles);
  });

  it("would be found to differ by their last bit", () => {
    const [file, [row]] = [...fromFiles.alerts].find(([path]) => path.startsWith("ztf/v3.3/"))!;
    const [record] = expectedFiles().find((one) => one.file === file)!.records as [
      { candidate: { jd: number } },
    ];
    const jd = record.candidate.jd + 2 ** -30; // a Julian date's unit in the last place
    expect(difference(row, record)).toBeNull();
    expect(difference(row, { ...record, candidate: { ...record.candidate, jd } })).toMatch(
      "candidate.jd",
    );
  });

  it("wait with their bytes and a reason where they are damaged, and none is lost", () => {
    expect(badFiles().filter((file) => !fromFiles.rejected.has(file))).toEqual([]);
    for (const [file, { bytes, reason }] of fromFiles.rejected) {
      expect(Buffer.from(bytes, "hex").equals(readFileSync(join(alertsFolder, file))), file).toBe(
        true,
      );
      expect(reason).not.toBe("");
    }
    for (const path of alertPaths()) {
      const file = path.slice(alertsFolder.length + 1);
      const places = Number(fromFiles.alerts.has(file)) + Number(fromFiles.rejected.has(file));
      expect(places, file).toBe(1);
    }
    expect(counts).toMatchObject({
      archived: fromFiles.rows,
      rejected: fromFiles.rejected.size,
      duplicates: 0,
    });
  });

  it("are not added a second time", async () => {
    const again = await ingestInto("files", [alertsFolder]);
    expect(again).toMatchObject({ archived: 0, rejected: 0 });
    expect(again.duplicates).toBeGreaterThanOrEqual(fromFiles.rows + fromFiles.rejected.size);
    expect((await contentOf(join(folder, "files"))).rows).toBe(fromFiles.rows);
  });

  it("are the same when they come in another order, a few at a time, and columns have to become wider", async () => {
    await ingestInto("reversed", alertPaths().toReversed(), { archive: { batchAlerts: 10 } });
    const reversed = await contentOf(join(folder, "reversed"));
    expect(operations(join(folder, "reversed", "atlas", "raw"))).toContain("widen");
    expectExpected(reversed);
    expect([...reversed.rejected.keys()].sort()).toEqual([...fromFiles.rejected.keys()].sort());
  });

  it.skipIf(!hasPython).each(["deltalake", "polars"] as const)(
    "are the same for %s, which knows nothing of Fink",
    async (reader) => {
      const found = await contentOf(join(folder, "files"), (_, { path }) =>
        readWithPython(reader, path),
      );
      expectExpected(found);
      expect([...found.rejected].sort()).toEqual([...fromFiles.rejected].sort());
    },
  );

  it.skipIf(lib === null)("are the same when they come from Kafka", async () => {
    const broker = await startKafka(lib!);
    try {
      const address = broker.at.PLAINTEXT;
      const files = await publish(address, fromFiles.surveys);
      const config = configOf("kafka", { kafka: { brokers: [address], topics: ["real_*"] } });
      const archiver = new Archiver({
        ...archiverOptions(config, config.lake),
        onTrouble: (message) => expect(message).toBe(""),
      });
      const source = new KafkaSource({
        kafka: config.kafka,
        surveyOf: surveyOfTopic,
        once: true,
        log: quiet,
      });
      await archiver.run([source], new AbortController().signal);
      await archiver.close();
      const found = await contentOf(config.lake, readTable, (row) =>
        files.get(`${row["_source"]}/${row["_partition"]}/${row["_offset"]}`)!,
      );
      expectExpected(found);
      expect([...found.rejected].sort()).toEqual([...fromFiles.rejected].sort());
    } finally {
      await broker.destroy();
    }
  });
});

/** What a lake holds, by the path of the message's file below the folder of the alerts. */
interface Content {
  readonly alerts: ReadonlyMap<string, readonly Row[]>;
  readonly rejected: ReadonlyMap<string, { readonly bytes: string; readonly reason: string }>;
  readonly surveys: ReadonlyMap<string, string>;
  /** Of all `raw` tables. */
  readonly rows: number;
}

async function contentOf(
  lake: string,
  read: (lake: string, table: TableName) => Promise<Row[]> = readTable,
  fileOf = pathOf,
): Promise<Content> {
  const alerts = new Map<string, Row[]>();
  const rejected = new Map<string, { bytes: string; reason: string }>();
  const surveys = new Map<string, string>();
  for (const table of tablesIn(lake)) {
    const rows = await read(lake, table);
    for (const row of rows.toSorted((a, b) => Number(a["_offset"]) - Number(b["_offset"]))) {
      const file = fileOf(row);
      surveys.set(file, table.survey);
      if (table.kind === "raw") alerts.set(file, [...(alerts.get(file) ?? []), row]);
      else if (rejected.has(file)) expect.unreachable(`${file} is rejected twice`);
      else rejected.set(file, { bytes: row["bytes"] as string, reason: row["reason"] as string });
    }
  }
  return { alerts, rejected, surveys, rows: [...alerts.values()].flat().length };
}

function readTable(lake: string, { survey, kind }: TableName): Promise<Row[]> {
  return readWithSql(lake, `FROM ${survey}.${kind}`, `${survey}.${kind}`);
}

function pathOf(row: Row): string {
  return (row["_source"] as string).slice(alertsFolder.length + 1);
}

function expectExpected({ alerts, rejected }: Content): void {
  const files = expectedFiles();
  expect(files.length).toBeGreaterThan(500);
  for (const { file, records } of files) {
    const rows = alerts.get(file) ?? [];
    if (rejected.has(file) && mayWait.test(file)) continue;
    expect(rows.length, `${file} ${rejected.get(file)?.reason}`).toBe(records.length);
    for (const [i, record] of records.entries())
      expect(difference(rows[i], record), file).toBeNull();
  }
}

function alertPaths(): string[] {
  return listAlertFiles([alertsFolder]).alerts.map(({ path }) => path);
}

function surveyOfTopic(topic: string): string {
  return topic.replace("real_", "");
}

/**
 * Sends every file as a message to its survey's topic. Returns the files by topic/partition/offset.
 */
async function publish(
  address: string,
  surveys: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const partitions = 2;
  const byFile = new Map<string, string>();
  const files = alertPaths().map((path) => path.slice(alertsFolder.length + 1));
  for (const [topic, members] of Map.groupBy(
    files,
    (file) => `real_${surveys.get(file) ?? "ztf"}`,
  )) {
    await createTopic(address, topic, partitions);
    const messages = members.map((file, i) => ({
      partition: i % partitions,
      value: readFileSync(join(alertsFolder, file)),
    }));
    await produce(address, topic, messages, { perSend: 10 });
    for (const [i, file] of members.entries())
      byFile.set(`${topic}/${i % partitions}/${Math.floor(i / partitions)}`, file);
  }
  return byFile;
}
