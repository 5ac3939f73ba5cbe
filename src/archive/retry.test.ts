import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeContainer } from "../avro/container.ts";
import { compileEncoder } from "../avro/encoder.ts";
import { writeWire } from "../avro/wire.ts";
import { configSchema } from "../config/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import { scan } from "../lake/scan.ts";
import { ingest } from "./ingest.ts";
import { retry, type RetryOptions } from "./retry.ts";
import { archiverOptions } from "./setup.ts";

let folder = "";
let lake = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fink-retry-"));
  lake = join(folder, "lake");
  mkdirSync(join(folder, "schemas"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const schemaOf = (type: string, name = "sky.alert") =>
  JSON.stringify({
    type: "record",
    name,
    fields: [
      { name: "id", type: "long" },
      { name: "flux", type },
    ],
  });

function packet(id: number, type = "double", flux = id / 3): Uint8Array {
  return compileEncoder(schemaOf(type))({ id, flux });
}

/** Puts files of messages into the lake; `survey` null: as their schemas tell. */
async function archive(
  files: Readonly<Record<string, Uint8Array>>,
  survey: string | null = "sky",
): Promise<unknown> {
  const paths = Object.entries(files).map(([name, bytes]) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  });
  return await ingest(
    paths,
    config(),
    survey ?? undefined,
    { warn: () => {} },
    new AbortController().signal,
  );
}

function config() {
  return configSchema.parse({ lake, schemas: { folder: join(folder, "schemas") } });
}

function options(more: Partial<RetryOptions> = {}): RetryOptions {
  return { ...archiverOptions(config(), lake), widenUpToBytes: 1e9, ...more };
}

function giveSchema(id: number, text = schemaOf("double")): void {
  writeFileSync(join(folder, "schemas", `${id}.avsc`), text);
}

async function rowsOf(survey: string, kind: string, columns: string): Promise<unknown[]> {
  const table = new LakeTable(join(lake, survey, kind));
  const { path, partitionColumns, snapshot } = table;
  return await withUpkeep(lake, async ({ connection, scratch }) => {
    const select = await scan(
      connection,
      { path, partitionColumns, schema: snapshot.schema },
      snapshot.files.values(),
      scratch,
    );
    return (
      await connection.runAndReadAll(`SELECT ${columns} FROM (${select}) ORDER BY ALL`)
    ).getRowsJS();
  });
}

describe("what waits in rejected", () => {
  it("is archived when its schema has come, with the place and time it came from, and waits no longer", async () => {
    await archive({
      "a.bin": writeWire(7, packet(1)),
      "b.bin": writeWire(8, packet(2)),
      "c.avro": Buffer.from("no alert"),
    });
    const [[, received]] = (await rowsOf("sky", "rejected", "_source, _received_at, bytes")) as [
      [string, Date],
    ];
    giveSchema(7);
    expect(await retry(options())).toMatchObject({
      messages: 1,
      alerts: 1,
      archivedBefore: 0,
      waiting: 2,
    });
    const raw = await rowsOf(
      "sky",
      "raw",
      "id, flux, _source, _partition, _offset, _published_at, _received_at",
    );
    expect(raw).toEqual([[1n, 1 / 3, join(folder, "a.bin"), 0, 0n, null, received]]);
    const waiting = await rowsOf("sky", "rejected", "_source, code, decode(bytes[1:1]), reason");
    expect(waiting).toEqual([
      [join(folder, "b.bin"), "schema", "\0", expect.stringContaining("schema id 8 is unknown")],
      [
        join(folder, "c.avro"),
        "avro",
        "n",
        expect.stringContaining("the message begins with 6e6f2061"),
      ],
    ]);
    expect(await retry(options())).toMatchObject({
      messages: 0,
      waiting: 2,
      reasons: [{ messages: 1 }, { messages: 1 }],
    });
    expect(await archive({ "a.bin": writeWire(7, packet(1)) })).toMatchObject({
      archived: 0,
      duplicates: 1,
    });
  });

  it("counts on from its offset where a message of a file holds several alerts", async () => {
    const broken = {
      schema: schemaOf("double"),
      blocks: [[packet(1), packet(2), packet(3)]],
      sync: new Uint8Array(16),
    };
    await archive({
      "first.avro": writeContainer({
        schema: schemaOf("string"),
        blocks: [[compileEncoder(schemaOf("string"))({ id: 0, flux: "bright" })]],
      }),
    });
    await archive({ "many.avro": writeContainer(broken) });
    expect(await rowsOf("sky", "rejected", "code")).toEqual([["type-conflict"]]);
    const raw = new LakeTable(join(lake, "sky", "raw")); // whose column is now mended
    const fields = raw.snapshot.schema.fields.map((f) =>
      f.name === "flux" ? { ...f, type: "double" } : f,
    );
    raw.commit({
      operation: "mend",
      remove: [...raw.snapshot.files.keys()],
      retype: { type: "struct", fields },
    });
    expect(await retry(options())).toMatchObject({ messages: 1, alerts: 3, waiting: 0 });
    expect(await rowsOf("sky", "raw", "_offset, id")).toEqual([
      [0n, 1n],
      [1n, 2n],
      [2n, 3n],
    ]);
  });

  // ingest skipped the completed file's alerts as known, and retry had the cut bytes only: they
  // never came in.
  it("is read from its file again when that was cut short and has been completed since", async () => {
    const whole = (...blocks: number[][]) =>
      writeContainer({
        schema: schemaOf("double"),
        blocks: blocks.map((ids) => ids.map((id) => packet(id))),
        sync: new Uint8Array(16),
      });
    const files = {
      "one.avro": whole([1]),
      "some.avro": whole([2], [3, 4], [5]),
      "two.avro": whole([6, 7]),
    };
    const cut = Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, bytes.subarray(0, -5)]),
    );
    expect(await archive(cut)).toMatchObject({ archived: 0, rejected: 3 });
    expect(await retry(options())).toMatchObject({ messages: 0, waiting: 3 });
    // of some.avro the three alerts before the cut are known, of the others the one that each file
    // counts at least
    expect(await archive(files)).toMatchObject({ archived: 3, rejected: 0, duplicates: 5 });
    expect(await rowsOf("sky", "raw", "id")).toEqual([[5n], [6n], [7n]]);
    expect(await retry(options())).toMatchObject({ messages: 2, alerts: 4, waiting: 1 });
    expect(await retry(options())).toMatchObject({ messages: 0, alerts: 0, waiting: 1 });
    expect(await rowsOf("sky", "raw", "_source, _offset, id")).toEqual([
      [join(folder, "one.avro"), 0n, 1n],
      ...[0n, 1n, 2n, 3n].map((offset) => [join(folder, "some.avro"), offset, offset + 2n]),
      [join(folder, "two.avro"), 1n, 6n],
      [join(folder, "two.avro"), 2n, 7n],
    ]);
  });

  it("goes to its survey where that was unknown", async () => {
    await archive({ "a.bin": writeWire(7, packet(1)), "b.bin": writeWire(9, packet(1)) }, null);
    expect(await rowsOf("unknown", "rejected", "code")).toEqual([["schema"], ["schema"]]);
    giveSchema(7);
    expect(await retry(options({ survey: "unknown" }))).toMatchObject({
      messages: 1,
      alerts: 1,
      waiting: 1,
    });
    expect(await rowsOf("sky", "raw", "id")).toEqual([[1n]]);
    expect(await rowsOf("unknown", "rejected", "_source")).toEqual([[join(folder, "b.bin")]]);
  });

  it("of another code is left alone", async () => {
    await archive({ "a.bin": writeWire(7, packet(1)) });
    giveSchema(7);
    expect(await retry(options({ code: "avro" }))).toMatchObject({ messages: 0, waiting: 0 });
    expect(await retry(options({ code: "schema" }))).toMatchObject({ messages: 1, waiting: 0 });
  });

  it("for a column that is too narrow is archived when that may be widened", async () => {
    giveSchema(1, schemaOf("float"));
    giveSchema(2, schemaOf("double"));
    await archive({
      "a.bin": writeWire(1, packet(1, "float", 0.5)),
      "b.bin": writeWire(3, packet(2, "double", 0.1)),
    });
    giveSchema(3, schemaOf("double"));
    const narrow = await retry(options({ widenUpToBytes: 0 }));
    expect(narrow).toMatchObject({
      messages: 0,
      waiting: 1,
      reasons: [{ code: "type-conflict", reason: expect.stringContaining("flux float→double") }],
    });
    expect(await retry(options({ widenUpToBytes: Infinity }))).toMatchObject({
      messages: 1,
      waiting: 0,
    });
    expect(await rowsOf("sky", "raw", "id, flux, typeof(flux)")).toEqual([
      [1n, 0.5, "DOUBLE"],
      [2n, 0.1, "DOUBLE"],
    ]);
  });

  it("is not touched while the archive may read its batch again", async () => {
    await archive({ "a.bin": writeWire(7, packet(1)) });
    giveSchema(7);
    const rejected = new LakeTable(join(lake, "sky", "rejected"));
    const [[appId, at]] = [...rejected.snapshot.positions];
    // as if the archive was killed before its second commit
    rmSync(join(lake, "sky", "raw"), { recursive: true });
    expect(at).toBe(1);
    expect(await retry(options())).toMatchObject({
      messages: 0,
      waiting: 1,
      reasons: [{ reason: expect.stringContaining("has not finished") }],
    });
    new LakeTable(join(lake, "sky", "raw")).commit({
      operation: "archive",
      positions: new Map([[appId, { from: null, to: 1 }]]),
    });
    expect(await retry(options())).toMatchObject({ messages: 1, waiting: 0 });
  });
});

describe("a retry", () => {
  const many = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`m${i}.bin`, writeWire(7, packet(i))]),
  );

  /** Runs a retry in a process of its own, which the environment may kill. */
  function retryElsewhere(crashAt: string): NodeJS.Signals | null {
    const args = [
      join(import.meta.dirname, "../cli/main.ts"),
      "retry",
      "--lake",
      lake,
      "--schemas",
      join(folder, "schemas"),
    ];
    return spawnSync(process.execPath, args, {
      env: { ...process.env, FINK_CRASH_AT: crashAt },
      stdio: "inherit",
    }).signal;
  }

  it.each([
    "before:data-file:1",
    "after:data-file:1",
    "before:log-entry:1",
    "after:log-entry:1",
    "before:log-entry:2",
    "after:log-entry:2",
  ])(
    "killed %s leaves nothing out and nothing twice",
    async (crashAt) => {
      await archive(many);
      giveSchema(7);
      expect(retryElsewhere(crashAt)).toBe("SIGKILL");
      const again = await retry(options());
      expect(again.waiting).toBe(0);
      const expected = Array.from({ length: 20 }, (_, i) => [BigInt(i)]);
      expect(await rowsOf("sky", "raw", "id")).toEqual(expected);
      expect(await rowsOf("sky", "rejected", "code")).toEqual([]);
      expect(again.messages + again.archivedBefore).toBe(crashAt === "after:log-entry:2" ? 0 : 20);
      expect(again.archivedBefore > 0).toBe(
        crashAt === "after:log-entry:1" || crashAt === "before:log-entry:2",
      );
    },
    30_000,
  );

  it("at the same time as another takes each message once", async () => {
    await archive(many);
    giveSchema(7);
    const both = await Promise.all([retry(options()), retry(options()), retry(options())]);
    expect(both.reduce((sum, c) => sum + c.messages, 0)).toBe(20);
    expect(await rowsOf("sky", "raw", "id")).toHaveLength(20);
    expect(await rowsOf("sky", "rejected", "code")).toEqual([]);
  });
});
