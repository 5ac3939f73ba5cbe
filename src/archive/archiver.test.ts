import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeContainer } from "../avro/container.ts";
import { compileEncoder } from "../avro/encoder.ts";
import { LakeTable } from "../lake/table.ts";
import type { AlertSource, Sink, SourcePartition } from "../sources/source.ts";
import { Surveys } from "../surveys/surveys.ts";
import { Archiver } from "./archiver.ts";

const schema = JSON.stringify({ type: "record", name: "t.alert", fields: [{ name: "id", type: "long" }] });
const encode = compileEncoder(schema);
const alert = (id: number) => writeContainer({ schema, blocks: [[encode({ id })]] });
const damaged = Buffer.from("Obj\u0001 and then nothing that makes sense");
const topic: SourcePartition = { survey: "t", source: "topic", partition: 0, appId: "kafka:topic:0", counts: "messages" };

let lake: string;
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-archiver-"));
});
afterEach(() => rmSync(lake, { recursive: true }));

/** Runs an archiver over one source that does what it is told. */
async function archive(work: (sink: Sink) => Promise<void>): Promise<Archiver> {
  const schemas = { folder: "", cache: "", registry: "", username: "", password: "" };
  const limits = { triggerSeconds: 0.1, batchAlerts: 100, batchMegabytes: 1, workers: 1, maxMessageMegabytes: 1 };
  const archiver = new Archiver({ lake, surveys: new Surveys([]), schemas, bareSchema: "", ...limits, onTrouble: () => {} });
  const source: AlertSource = { name: "told", run: work, committed: () => {}, rewind: () => {}, lag: async () => [] };
  await archiver.run([source], new AbortController().signal);
  await archiver.close();
  return archiver;
}

async function put(sink: Sink, partition: SourcePartition, messages: readonly Uint8Array[]): Promise<void> {
  const from = (await sink.position(partition)) ?? 0n;
  messages.forEach((bytes, i) => sink.put(partition, from + BigInt(i), from + BigInt(i + 1), Number.NaN, bytes));
}

function rows(survey: string, kind: string): number {
  const { files } = new LakeTable(join(lake, survey, kind)).snapshot;
  return [...files.values()].reduce((sum, f) => sum + (JSON.parse(f.stats!) as { numRecords: number }).numRecords, 0);
}

test("what comes a second time is counted and left out", async () => {
  await archive((sink) => put(sink, topic, [alert(1), damaged, alert(2)]));
  const again = await archive(async (sink) => {
    await sink.position(topic);
    [alert(1), damaged, alert(2)].forEach((bytes, i) => sink.put(topic, BigInt(i), BigInt(i + 1), Number.NaN, bytes));
  });
  expect([rows("t", "raw"), rows("t", "rejected"), again.duplicates]).toEqual([2, 1, 3]);
});

// Its alerts were taken for those that were in the lake already, and lost.
test("a topic that was made anew is archived from its start, also what was rejected of it before", async () => {
  await archive((sink) => put(sink, topic, [alert(1), damaged, alert(2), damaged]));
  await archive(async (sink) => {
    await put(sink, topic, [alert(3)]);
    await sink.restart(topic, 0n);
    expect(await sink.position(topic)).toBe(0n);
    await put(sink, topic, [alert(10), alert(11), damaged]);
  });
  expect([rows("t", "raw"), rows("t", "rejected")]).toEqual([5, 3]);
  await archive(async (sink) => {
    expect(await sink.position(topic)).toBe(3n);
  });
});

// It came in twice: as unknown, and again when its schema was there.
test("a file that is with the unknown surveys is not archived again under its own", async () => {
  const file: SourcePartition = { survey: "unknown", source: "night.bin", partition: 0, appId: "files:night.bin", counts: "records" };
  await archive((sink) => put(sink, file, [damaged]));
  await archive(async (sink) => {
    expect(await sink.position({ ...file, survey: "t" })).toBe(1n);
  });
});
