import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeContainer } from "../avro/container.ts";
import { messageOf } from "../errors.ts";
import { FileSource } from "./files.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "fink-tar-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const container = (count: number, size = 10): Buffer =>
  Buffer.from(
    writeContainer({
      schema: '{"type":"bytes"}',
      blocks: Array.from({ length: count }, (_, i) => [Buffer.alloc(size, i)]),
      sync: new Uint8Array(16),
    }),
  );

async function tar(members: Record<string, Uint8Array>): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes] of Object.entries(members)) archive.entry({ name }, Buffer.from(bytes));
  archive.entry({ name: "empty.avro", type: "directory" });
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Reads it all from the position on: what was put, and what was reported. */
async function read(
  path: string,
  position: bigint | null = null,
): Promise<{
  puts: [offset: number, next: number, bytes: number][];
  problems: string[];
  skipped: number;
}> {
  const puts: [number, number, number][] = [];
  const problems: string[] = [];
  const files = new FileSource({
    paths: [path],
    once: true,
    surveyOf: () => "ztf",
    onProblem: (error) => problems.push(messageOf(error)),
  });
  const sink = {
    position: async () => position,
    put: (
      partition: { source: string },
      offset: bigint,
      next: bigint,
      _: number,
      bytes: Uint8Array,
    ) => {
      expect(partition.source).toBe(path);
      puts.push([Number(offset), Number(next), bytes.length]);
      return false;
    },
    room: async () => {},
    mark: () => null,
    restart: async () => {},
  };
  await files.run(sink, new AbortController().signal);
  return { puts, problems, skipped: files.progress().recordsSkipped };
}

describe("a tar archive", () => {
  const members = {
    "n/b.avro": container(2),
    "n/README": Buffer.alloc(5000),
    "n/._b.avro": Buffer.alloc(9),
    "n/a.avro": container(1),
    "n/zero.avro": new Uint8Array(0),
    "x.bin": Buffer.alloc(7),
  };
  const sizes = [members["n/b.avro"].length, members["n/a.avro"].length];

  it.each(["night.tar", "night.tar.gz", "night.tgz"])(
    "%s numbers its records through, in the order of its members",
    async (name) => {
      const path = join(folder, name);
      const bytes = await tar(members);
      writeFileSync(path, name === "night.tar" ? bytes : gzipSync(bytes));
      const expected = [
        [0, 2, sizes[0]],
        [2, 3, sizes[1]],
        [3, 4, 0],
        [4, 5, 7],
      ];
      expect(await read(path)).toEqual({ puts: expected, problems: [], skipped: 0 });
      expect(await read(path, 3n)).toEqual({ puts: expected.slice(2), problems: [], skipped: 3 });
      expect(await read(path, 5n)).toEqual({ puts: [], problems: [], skipped: 5 });
    },
  );

  // Were passed over without a word, or "cannot be read to its end".
  it.each([
    ["night.tar.zst", (bytes: Buffer) => zstdCompressSync(bytes)],
    ["night.tzst", (bytes: Buffer) => zstdCompressSync(bytes)],
    ["night.TAR.GZ", (bytes: Buffer) => gzipSync(bytes)],
  ] as const)("%s is read, and compressed members of it", async (name, pack) => {
    const packed = {
      "a.avro.gz": gzipSync(container(2)),
      "b.bin.zst": zstdCompressSync(Buffer.alloc(7)),
      "c.avro": container(1),
      "d.avro.gz": gzipSync(container(120, 50_000)),
    };
    const path = join(folder, name);
    writeFileSync(path, pack(await tar(packed)));
    const { puts, problems } = await read(path);
    expect(problems).toEqual([]);
    expect(puts.slice(0, 3)).toEqual([
      [0, 2, container(2).length],
      [2, 3, 7],
      [3, 4, container(1).length],
    ]);
    expect(puts.at(-1)?.[1]).toBe(124);
  });

  it.each(["v7", "ustar", "gnu", "posix"])("of format %s is read", async (format) => {
    mkdirSync(join(folder, "n"));
    for (const [name, count] of [
      ["1.avro", 2],
      ["2.avro", 1],
    ] as const)
      writeFileSync(join(folder, "n", name), container(count));
    execFileSync("tar", [
      `--format=${format}`,
      "--sort=name",
      "-cf",
      join(folder, "night.tar"),
      "-C",
      folder,
      "n",
    ]);
    const { puts, problems } = await read(join(folder, "night.tar"));
    expect(problems).toEqual([]);
    expect(puts.map(([offset, next]) => [offset, next])).toEqual([
      [0, 2],
      [2, 3],
    ]);
  });

  it("counts a damaged compressed member as one message, and goes on with the others", async () => {
    const path = join(folder, "night.tar");
    const cut = gzipSync(container(5)).subarray(0, -20);
    writeFileSync(
      path,
      await tar({ "a.avro": container(1), "b.avro.gz": cut, "c.avro.gz": gzipSync(container(2)) }),
    );
    const { puts, problems } = await read(path);
    expect(puts.map(([offset, next]) => [offset, next])).toEqual([
      [0, 1],
      [1, 2],
      [2, 4],
    ]);
    expect(puts[1][2]).toBe(cut.length);
    expect(problems).toEqual([
      `${path}: b.avro.gz in it cannot be unpacked: unexpected end of file. It is counted as rejected`,
    ]);
  });

  it("names the members that may hold alerts and are not read", async () => {
    const path = join(folder, "night.tar");
    writeFileSync(
      path,
      await tar({
        "a.avro": container(1),
        "n/b.avro.xz": Buffer.alloc(9),
        "n/c.parquet": Buffer.alloc(9),
        "n/d.tar.gz": Buffer.alloc(9),
        README: Buffer.alloc(9),
      }),
    );
    const { puts, problems } = await read(path);
    expect(puts).toHaveLength(1);
    expect(problems).toEqual([
      `${path}: n/b.avro.xz is packed as .xz, which Fink does not read. Unpack it first: xz -d n/b.avro.xz`,
      `${path}: n/c.parquet in it is not read there. Unpack the archive and ingest the folder`,
      `${path}: n/d.tar.gz in it is not read there. Unpack the archive and ingest the folder`,
    ]);
  });

  it("may hold a large container, which is cut into pieces", async () => {
    const path = join(folder, "night.tar.gz");
    writeFileSync(
      path,
      gzipSync(
        await tar({
          "a.avro": container(1),
          "b.avro": container(120, 50_000),
          "c.avro": container(1),
        }),
      ),
    );
    const { puts, problems } = await read(path);
    expect(problems).toEqual([]);
    expect(puts.length).toBeGreaterThan(5);
    expect(puts.map(([offset]) => offset)).toEqual([
      0,
      ...puts.map(([, next]) => next).slice(0, -1),
    ]);
    expect(puts.at(-1)?.[1]).toBe(122);
  });

  it("that was cut gives the members before the cut and one line of what is wrong", async () => {
    const path = join(folder, "night.tar.gz");
    const noise = (): Buffer =>
      Buffer.from(Array.from({ length: 20_000 }, () => Math.floor(256 * Math.random())));
    const bytes = gzipSync(await tar({ "a.bin": noise(), "b.bin": noise(), "c.bin": noise() }));
    writeFileSync(path, bytes.subarray(0, 50_000));
    const { puts, problems } = await read(path);
    expect(puts.slice(0, 2)).toEqual([
      [0, 1, 20_000],
      [1, 2, 20_000],
    ]);
    expect(puts).toHaveLength(2);
    expect(problems).toEqual([
      `${path} cannot be read to its end: unexpected end of file; is it complete?`,
    ]);
  });

  it("that is none is reported", async () => {
    const path = join(folder, "night.tar.gz");
    writeFileSync(path, "<html>not found</html>");
    expect(await read(path)).toMatchObject({
      puts: [],
      problems: [expect.stringContaining("incorrect header check")],
    });
    writeFileSync(join(folder, "x.tar"), Buffer.alloc(3000, "x"));
    expect(await read(join(folder, "x.tar"))).toMatchObject({
      puts: [],
      problems: [expect.stringMatching(/x\.tar cannot be read to its end: .+/)],
    });
  });

  it("is closed when the reading is aborted in the middle", async () => {
    const path = join(folder, "night.tar");
    writeFileSync(
      path,
      await tar(
        Object.fromEntries(
          Array.from({ length: 50 }, (_, i) => [`${i}.avro`, container(1, 100_000)]),
        ),
      ),
    );
    const abort = new AbortController();
    const files = new FileSource({
      paths: [path],
      once: true,
      surveyOf: () => "ztf",
      onProblem: () => {},
    });
    let puts = 0;
    const put = (): boolean => {
      if (++puts === 3) abort.abort();
      return true;
    };
    await files.run(
      {
        position: async () => null,
        put,
        room: async () => {},
        mark: () => null,
        restart: async () => {},
      },
      abort.signal,
    );
    expect(puts).toBe(3);
    expect(files.progress()).toMatchObject({ filesDone: 0 });
  });
});
