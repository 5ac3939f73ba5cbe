import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { countRecords, writeContainer } from "../avro/container.ts";
import { messageOf } from "../errors.ts";
import { FileSource, type FileSourceOptions } from "./files.ts";
import type { Sink, SourcePartition } from "./source.ts";

const reference = join(import.meta.dirname, "../../../shared/reference/alerts");
const schema = '{"type":"bytes"}';

let folder = "";
beforeEach(() => void (folder = realpathSync(mkdtempSync(join(tmpdir(), "fink-files-")))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A container of `count` records of about `size` bytes, a few to a block. */
function container(count: number, size = 10): Buffer {
  const records = Array.from({ length: count }, (_, i) => Buffer.alloc(size, i));
  const blocks = Array.from({ length: Math.ceil(count / 3) }, (_, i) =>
    records.slice(3 * i, 3 * i + 3),
  );
  return Buffer.from(writeContainer({ schema, blocks, sync: new Uint8Array(16).fill(5) }));
}

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

/** A lake that takes everything; `commit` makes it durable, `drop` forgets what was not. */
class TestSink implements Sink {
  puts: {
    source: string;
    offset: number;
    next: number;
    bytes: Buffer;
    partition: SourcePartition;
  }[] = [];
  committed = new Map<string, bigint>();
  full = false;
  asked = 0;
  whenFull: () => Promise<void> = async () => {};

  async position(partition: SourcePartition): Promise<bigint | null> {
    this.asked++;
    return this.committed.get(partition.appId) ?? null;
  }
  put(
    partition: SourcePartition,
    offset: bigint,
    next: bigint,
    publishedAt: number,
    bytes: Uint8Array,
  ): boolean {
    expect(publishedAt).toBeNaN();
    this.puts.push({
      source: partition.source,
      offset: Number(offset),
      next: Number(next),
      bytes: Buffer.from(bytes),
      partition,
    });
    return !this.full;
  }
  room(): Promise<void> {
    return this.whenFull();
  }
  mark(): null {
    return null;
  }
  async restart(): Promise<void> {}
  commit(): void {
    for (const { partition, next } of this.puts) this.committed.set(partition.appId, BigInt(next));
  }
  get log(): [string, number, number][] {
    return this.puts.map(({ source, offset, next }) => [
      source.replace(`${folder}/`, ""),
      offset,
      next,
    ]);
  }
}

const problems: string[] = [];
beforeEach(() => void (problems.length = 0));
function source(paths: string[], options: Partial<FileSourceOptions> = {}): FileSource {
  return new FileSource({
    paths,
    once: true,
    surveyOf: () => "ztf",
    onProblem: (error) => problems.push(messageOf(error)),
    ...options,
  });
}
async function readAll(files: FileSource, sink = new TestSink()): Promise<TestSink> {
  await files.run(sink, new AbortController().signal);
  return sink;
}

describe("files and folders", () => {
  it("are read in the order of their names, each a message with its path as it was given", async () => {
    const one = container(1);
    write("night/b.avro", container(4));
    write("night/a/2.bin", Buffer.from([0, 0, 0, 2, 189, 7]));
    write("night/a/1.AVRO", one);
    write("night/.hidden.avro", one);
    write("night/half.avro.part", one);
    write("night/empty.avro", new Uint8Array(0));
    write("night/none.avro", container(0));
    const sink = await readAll(source([`${folder}/night/`]));
    expect(sink.log).toEqual([
      ["night/a/1.AVRO", 0, 1],
      ["night/a/2.bin", 0, 1],
      ["night/b.avro", 0, 4],
      ["night/empty.avro", 0, 1],
      ["night/none.avro", 0, 1],
    ]);
    expect(sink.puts[0].bytes).toEqual(one);
    expect(sink.puts[0].partition).toEqual({
      survey: "ztf",
      source: `${folder}/night/a/1.AVRO`,
      partition: 0,
      appId: `files:${folder}/night/a/1.AVRO`,
      counts: "records",
    });
  });

  it("add nothing the second time, under whatever spelling or link", async () => {
    write("night/a.avro", container(4));
    write("night/b.avro", container(1));
    const sink = await readAll(source([join(folder, "night")]));
    sink.commit();
    sink.puts = [];
    symlinkSync(join(folder, "night"), join(folder, "latest"));
    const again = source([
      `${folder}/latest`,
      `${folder}/night/../night`,
      `${folder}/night/a.avro`,
    ]);
    await readAll(again, sink);
    expect(sink.puts).toEqual([]);
    expect(again.progress()).toMatchObject({ filesDone: 2, filesTotal: 2, recordsSkipped: 5 });
  });

  it("ask for the survey once per file, with its first message", async () => {
    write("a.avro", container(300, 50_000));
    const surveyOf = vi.fn(
      (first: Uint8Array, path: string) => `${path.at(-6)}${first.length > 1 << 20}`,
    );
    const sink = await readAll(source([folder], { surveyOf }));
    expect(sink.puts.length).toBeGreaterThan(10);
    expect(surveyOf).toHaveBeenCalledTimes(1);
    expect(new Set(sink.puts.map((put) => put.partition.survey))).toEqual(new Set(["atrue"]));
  });

  it("that vanish are reported, and the others are read", async () => {
    write("a.avro", container(1));
    write("b.avro", container(1));
    const files = source([folder]);
    rmSync(join(folder, "a.avro"));
    expect((await readAll(files)).log).toEqual([["b.avro", 0, 1]]);
    expect(problems).toEqual([
      `${folder}/a.avro does not exist; give the path of a file or folder of alerts`,
    ]);
  });

  it("show how far the reading is", async () => {
    const size = container(9, 60_000).length;
    for (const name of ["a.avro", "b.avro"]) write(name, container(9, 60_000));
    const files = source([folder]);
    expect(files.progress()).toMatchObject({
      bytesDone: 0,
      bytesTotal: 2 * size,
      filesDone: 0,
      filesTotal: 2,
    });
    expect(await files.lag()).toEqual([{ source: "files", partition: 0, lag: 2 }]);
    await readAll(files);
    expect(files.progress()).toMatchObject({ bytesDone: 2 * size, filesDone: 2 });
    expect(await files.lag()).toMatchObject([{ lag: 0 }]);
  });
});

describe("reading", () => {
  it("stops at once when it is aborted, even where the sink never has room, and says what remains", async () => {
    for (const name of ["a.avro", "b.avro", "c.avro"]) write(name, container(1));
    const sink = new TestSink();
    sink.full = true;
    sink.whenFull = () => new Promise(() => {});
    const abort = new AbortController();
    const files = source([folder], { once: false, everySeconds: 0.01 });
    const run = files.run(sink, abort.signal);
    await vi.waitFor(() => expect(sink.puts).toHaveLength(1));
    abort.abort();
    await run;
    expect(sink.puts).toHaveLength(1);
    expect(await files.lag()).toMatchObject([{ lag: 3 }]);
  });

  it("waits for room", async () => {
    for (const name of ["a.avro", "b.avro"]) write(name, container(1));
    const sink = new TestSink();
    sink.full = true;
    const seen: number[] = [];
    sink.whenFull = async () => void seen.push(sink.puts.length);
    await readAll(source([folder]), sink);
    expect(seen).toEqual([1, 2]);
  });

  it("goes back to what was committed when a large file is rewound in the middle", async () => {
    write("a.avro", container(300, 50_000));
    write("b.avro", container(2));
    const sink = new TestSink();
    const files = source([folder]);
    sink.full = true;
    sink.whenFull = async () => {
      if (sink.puts.length === 2) sink.commit();
      // the last two are dropped
      if (sink.puts.length === 4) files.rewind([sink.puts[3].partition]);
    };
    await readAll(files, sink);
    const records = sink.log
      .filter(([name]) => name === "a.avro")
      .map(([, offset, next]) => [offset, next]);
    expect(records[4]).toEqual(records[2]);
    expect(records.slice(4).at(-1)?.[1]).toBe(300);
    expect(sink.log.filter(([name]) => name === "b.avro")).toHaveLength(1);
    expect(files.progress().recordsSkipped).toBe(0);
  });

  it("reads a finished file again when it is rewound, also after the run has ended", async () => {
    write("a.avro", container(2));
    write("b.avro", container(2));
    const files = source([folder]);
    const sink = await readAll(files);
    files.rewind([sink.puts[0].partition]);
    expect(await files.lag()).toMatchObject([{ lag: 1 }]);
    await readAll(files, sink);
    expect(sink.log.slice(2)).toEqual([["a.avro", 0, 2]]);
  });

  it("passes an error of the sink on", async () => {
    write("a.avro", container(2));
    const sink = new TestSink();
    sink.position = async () => {
      throw new Error("disk full");
    };
    await expect(readAll(source([folder]), sink)).rejects.toThrow("disk full");
    expect(problems).toEqual([]);
  });
});

describe("watched folders", () => {
  const abort = { current: new AbortController() };
  let run: Promise<void> | undefined;
  beforeEach(() => void (abort.current = new AbortController()));
  afterEach(async () => {
    abort.current.abort();
    await run;
  });
  function watch(path: string, everySeconds: number): TestSink {
    const sink = new TestSink();
    run = source([path], { once: false, everySeconds }).run(sink, abort.current.signal);
    return sink;
  }

  it("take in new files once they have stopped growing", async () => {
    const sink = watch(folder, 0.03);
    for (let i = 1; i < 20; i++) {
      write("a.avro", container(i));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(sink.puts).toEqual([]);
    await vi.waitFor(() => expect(sink.log).toEqual([["a.avro", 0, 19]]));
    write("c.tmp", container(1));
    renameSync(join(folder, "c.tmp"), join(folder, "c.avro"));
    await vi.waitFor(() => expect(sink.log.at(-1)).toEqual(["c.avro", 0, 1]));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(sink.puts).toHaveLength(2);
  });

  it("take in what a file has gained since it was read", async () => {
    const sink = watch(folder, 0.02);
    write("a.avro", container(120, 50_000));
    write("b.avro", container(6));
    await vi.waitFor(() => expect(sink.log.at(-1)).toEqual(["b.avro", 0, 6]));
    sink.commit();
    sink.puts = [];
    write("a.avro", container(130, 50_000));
    write("b.avro", container(8));
    await vi.waitFor(() => expect(sink.log.at(-1)).toEqual(["b.avro", 6, 8]));
    expect([sink.log[0][1], sink.log.at(-2)?.[2]]).toEqual([120, 130]);
    expect(
      sink.puts
        .map(({ bytes }) => countRecords(bytes, 0, bytes.length))
        .reduce((sum, count) => sum + count),
    ).toBe(12);
  });

  it("take in what a file has gained before the first of it was committed", async () => {
    const sink = watch(folder, 0.02);
    write("a.avro", container(6));
    await vi.waitFor(() => expect(sink.puts).toHaveLength(1));
    write("a.avro", container(8));
    await vi.waitFor(() =>
      expect(sink.log).toEqual([
        ["a.avro", 0, 6],
        ["a.avro", 6, 8],
      ]),
    );
  });

  it("may go away for a while", async () => {
    const night = join(folder, "night");
    mkdirSync(night);
    const sink = watch(night, 0.02);
    rmSync(night, { recursive: true });
    await vi.waitFor(() => expect(problems[0]).toContain("night does not exist"));
    write("night/a.avro", container(1));
    await vi.waitFor(() => expect(sink.puts).toHaveLength(1));
  });
});

describe.skipIf(!existsSync(reference))("the damaged reference messages (needs ../shared)", () => {
  it("are put whole, each once: none is lost on the way to `rejected`", async () => {
    const sink = await readAll(source([join(reference, "bad")]));
    expect(sink.puts).toHaveLength(41);
    for (const { source: path, bytes, offset, next } of sink.puts) {
      expect([path, bytes.equals(readFileSync(path)), offset, next]).toEqual([
        path,
        true,
        0,
        path.includes("19_block_count_two") ? 2 : 1,
      ]);
    }
    expect(problems).toEqual([]);
  });
});
