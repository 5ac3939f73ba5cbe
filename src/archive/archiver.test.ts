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
import { changesOf, countOf, markOf } from "./log-marks.ts";

const schema = JSON.stringify({
  type: "record",
  name: "t.alert",
  fields: [{ name: "id", type: "long" }],
});
const encode = compileEncoder(schema);
const alert = (id: number) => writeContainer({ schema, blocks: [[encode({ id })]] });
const damaged = Buffer.from("Obj\u0001 and then nothing that makes sense");
const topic: SourcePartition = {
  survey: "t",
  source: "topic",
  partition: 0,
  appId: "kafka:topic:0",
  counts: "messages",
};

let lake: string;
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-archiver-"));
});
afterEach(() => rmSync(lake, { recursive: true }));

/** Runs an archiver over one source that does what it is told. */
async function archive(work: (sink: Sink) => Promise<void>): Promise<Archiver> {
  const schemas = { folder: "", cache: "", registry: "", username: "", password: "" };
  const limits = {
    triggerSeconds: 0.1,
    batchAlerts: 100,
    batchMegabytes: 1,
    workers: 1,
    maxMessageMegabytes: 1,
  };
  const archiver = new Archiver({
    lake,
    surveys: new Surveys([]),
    schemas,
    bareSchema: "",
    ...limits,
    onTrouble: () => {},
  });
  const source: AlertSource = {
    name: "told",
    run: work,
    committed: () => {},
    rewind: () => {},
    lag: async () => [],
  };
  await archiver.run([source], new AbortController().signal);
  await archiver.close();
  return archiver;
}

async function put(
  sink: Sink,
  partition: SourcePartition,
  messages: readonly Uint8Array[],
): Promise<void> {
  const from = (await sink.position(partition)) ?? 0n;
  messages.forEach((bytes, i) =>
    sink.put(partition, from + BigInt(i), from + BigInt(i + 1), Number.NaN, bytes),
  );
}

function rows(survey: string, kind: string): number {
  const { files } = new LakeTable(join(lake, survey, kind)).snapshot;
  return [...files.values()].reduce(
    (sum, f) => sum + (JSON.parse(f.stats!) as { numRecords: number }).numRecords,
    0,
  );
}

test("what comes a second time is counted and left out", async () => {
  await archive((sink) => put(sink, topic, [alert(1), damaged, alert(2)]));
  const again = await archive(async (sink) => {
    await sink.position(topic);
    [alert(1), damaged, alert(2)].forEach((bytes, i) =>
      sink.put(topic, BigInt(i), BigInt(i + 1), Number.NaN, bytes),
    );
  });
  expect([rows("t", "raw"), rows("t", "rejected"), again.duplicates]).toEqual([2, 1, 3]);
});

// Its alerts were taken for those that were in the lake already, and lost.
test("a topic that was made anew is archived from its start, also what was rejected of it before", async () => {
  await archive((sink) => put(sink, topic, [alert(1), damaged, alert(2), damaged]));
  await archive(async (sink) => {
    await put(sink, topic, [alert(3)]);
    await sink.restart(topic, 0n, { kind: "remade", mark: { topic: 1, epoch: -1 } });
    expect(await sink.position(topic)).toBe(0n);
    await put(sink, topic, [alert(10), alert(11), damaged]);
  });
  expect([rows("t", "raw"), rows("t", "rejected")]).toEqual([5, 3]);
  await archive(async (sink) => {
    expect(await sink.position(topic)).toBe(3n);
  });
});

// The message was taken for the rejected one that had its offset in the earlier log, and lost.
test("a message that has the offset of one rejected in an earlier log is archived, also after a crash between the two commits", async () => {
  await archive((sink) => put(sink, topic, [alert(1), damaged]));
  await archive(async (sink) => {
    await sink.position(topic);
    await sink.restart(topic, 0n, { kind: "remade", mark: { topic: 2, epoch: -1 } });
  });
  // the first commit of a batch, without the second
  new LakeTable(join(lake, "t", "rejected")).commit({
    operation: "archive",
    positions: new Map([[topic.appId, { from: 0, to: 2 }]]),
  });
  await archive((sink) => put(sink, topic, [alert(10), alert(11)]));
  expect([rows("t", "raw"), rows("t", "rejected")]).toEqual([3, 1]);
});

test("a lake of an older version begins to count, and to know its topic, with the next message", async () => {
  const mark = { topic: 7, epoch: 3 };
  await archive((sink) => put(sink, topic, [alert(1), alert(2)]));
  await archive(async (sink) => {
    await sink.position(topic);
    expect(sink.mark(topic)).toBeNull();
    sink.put(topic, 4n, 5n, Number.NaN, alert(3), mark);
    sink.put(topic, 5n, 6n, Number.NaN, damaged, mark);
    expect(await sink.position(topic)).toBe(6n);
    expect(sink.mark(topic)).toEqual(mark);
  });
  const { positions } = new LakeTable(join(lake, "t", "raw")).snapshot;
  expect(countOf(positions, topic.appId)).toEqual({ from: 2, messages: 2 });
  expect(markOf(positions, topic.appId)).toEqual(mark);
});

test("a restart that was cut off between its two commits is done by the next", async () => {
  const change = { kind: "lost", mark: { topic: 7, epoch: 3 } } as const;
  await archive(async (sink) => {
    await put(sink, topic, [alert(1), damaged, alert(2)]);
  });
  new LakeTable(join(lake, "t", "rejected")).commit({
    operation: "restart",
    positions: new Map([[topic.appId, { from: 3, to: 1 }]]),
  });
  await archive(async (sink) => {
    expect(await sink.position(topic)).toBe(3n);
    await sink.restart(topic, 1n, change);
    expect(await sink.position(topic)).toBe(1n);
    await put(sink, topic, [alert(3), damaged]);
  });
  expect([rows("t", "raw"), rows("t", "rejected")]).toEqual([3, 2]);
  expect(changesOf(new LakeTable(join(lake, "t", "raw")).snapshot.positions, topic.appId)).toEqual([
    { kind: "lost", from: 3, to: 1 },
  ]);
});

// It came in twice: as unknown, and again when its schema was there.
test("a file that is with the unknown surveys is not archived again under its own", async () => {
  const file: SourcePartition = {
    survey: "unknown",
    source: "night.bin",
    partition: 0,
    appId: "files:night.bin",
    counts: "records",
  };
  await archive((sink) => put(sink, file, [damaged]));
  await archive(async (sink) => {
    expect(await sink.position({ ...file, survey: "t" })).toBe(1n);
  });
});
