import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { writeContainer } from "../avro/container.ts";
import { compileEncoder } from "../avro/encoder.ts";
import { SchemaStore } from "../avro/registry.ts";
import { fromParquet } from "../lake/parquet.ts";
import { emptySchema } from "../lake/schema.ts";
import type { SourcePartition } from "../sources/source.ts";
import { parseSurvey } from "../surveys/surveys.ts";
import { BatchBuilder } from "./batch.ts";
import { MessageDecoder } from "./decode.ts";
import type { WrittenFiles } from "./files.ts";
import { work } from "./worker.ts";

// An encoder that breaks on one alert stands for a defect we do not know of.
vi.mock(import("../lake/parquet.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    toParquet(columns) {
      const ids = columns.children[0].values as BigInt64Array | undefined;
      if (ids instanceof BigInt64Array && ids.includes(666n)) throw new Error("unreachable");
      return real.toParquet(columns);
    },
  };
});

const schema = JSON.stringify({
  type: "record",
  name: "t.alert",
  fields: [
    { name: "id", type: "long" },
    { name: "mjd", type: "double" },
  ],
});
const encode = compileEncoder(schema);
const message = (...alerts: { id: bigint; mjd: number }[]) =>
  writeContainer({ schema, blocks: [alerts.map(encode)] });
const survey = parseSurvey(
  "{ name: t, match: [{ schema: t.alert }], alert: id, time: { field: mjd, scale: mjd } }",
  "t.yaml",
);
const partition: SourcePartition = {
  survey: "t",
  source: "topic",
  partition: 3,
  appId: "kafka:topic:3",
  counts: "messages",
};

let lake: string;
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-worker-"));
});
afterEach(() => rmSync(lake, { recursive: true }));

async function archived(messages: readonly Uint8Array[]) {
  const builder = new BatchBuilder("t", new ArrayBuffer(1 << 20), 100, 0);
  messages.forEach((bytes, i) => {
    builder.advance(partition, BigInt(i), BigInt(i + 1));
    builder.put(partition, BigInt(i), Number.NaN, Date.parse("2026-01-31T12:00:00Z"), bytes);
  });
  const decoder = new MessageDecoder({
    schemas: new SchemaStore({ folder: "", cache: "", registry: "", username: "", password: "" }),
    bareSchema: "",
    maxMessageBytes: 1e6,
  });
  const outcome = await work(decoder, {
    batch: builder.seal(),
    survey,
    schema: emptySchema,
    table: join(lake, "raw"),
    rejectedTable: join(lake, "rejected"),
    mayWiden: true,
  });
  if (outcome.kind !== "written") throw new Error(JSON.stringify(outcome));
  return {
    raw: rows("raw", outcome.raw),
    rejected: rows("rejected", outcome.rejected),
    files: outcome.raw.files,
  };
}

function rows(table: string, { files }: WrittenFiles): Record<string, unknown>[] {
  return files.flatMap(({ path }) =>
    [...fromParquet(readFileSync(join(lake, table, path)))].map(
      (row) => row.toJSON() as Record<string, unknown>,
    ),
  );
}

test("alerts go to the file of their night, with where they came from", async () => {
  const { raw, files } = await archived([
    message({ id: 1n, mjd: 61071.2 }),
    message({ id: 2n, mjd: 61072.2 }),
    message({ id: 3n, mjd: 61071.3 }),
  ]);
  expect(files.map((f) => f.partitionValues["night"])).toEqual(["20260131", "20260201"]);
  expect(
    raw.map((r) => [r["id"], r["_offset"], r["_source"], r["_partition"], r["_published_at"]]),
  ).toEqual([
    [1n, 0n, "topic", 3, null],
    [3n, 2n, "topic", 3, null],
    [2n, 1n, "topic", 3, null],
  ]);
  expect(files.every((f) => existsSync(join(lake, "raw", f.path)))).toBe(true);
});

test("a message counts whole or not at all", async () => {
  const good = message({ id: 1n, mjd: 61071.2 }, { id: 2n, mjd: 61071.2 });
  const cut = writeContainer({
    schema,
    blocks: [[encode({ id: 3n, mjd: 61071.2 })], [encode({ id: 4n, mjd: 61071.2 }).subarray(0, 5)]],
  });
  const { raw, rejected } = await archived([cut, good]);
  expect(raw.map((r) => r["id"])).toEqual([1n, 2n]);
  expect(rejected).toMatchObject([{ _offset: 0n, code: "avro", bytes: Uint8Array.from(cut) }]);
});

test("an alert that breaks the encoder waits alone; those beside it are stored", async () => {
  const { raw, rejected } = await archived([
    message({ id: 1n, mjd: 61071.2 }),
    message({ id: 666n, mjd: 61071.2 }),
    message({ id: 2n, mjd: 61071.2 }),
  ]);
  expect(raw.map((r) => r["id"])).toEqual([1n, 2n]);
  expect(rejected).toMatchObject([
    { _offset: 1n, code: "internal", reason: "the decoded alert cannot be stored: unreachable" },
  ]);
});
