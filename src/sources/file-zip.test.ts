import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeContainer } from "../avro/container.ts";
import { messageOf } from "../errors.ts";
import { FileSource } from "./files.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "fink-zip-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const container = (count: number, size = 10): Buffer =>
  Buffer.from(
    writeContainer({
      schema: '{"type":"bytes"}',
      blocks: Array.from({ length: count }, (_, i) => [Buffer.alloc(size, i)]),
      sync: new Uint8Array(16),
    }),
  );

interface Packed {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: 0 | 8 | 12 | 93;
  readonly flags?: number;
}

/** `large`: with the records and numbers of Zip64. */
function zip(members: readonly Packed[], large = false): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, method = 8, flags = 0 } of members) {
    const stored =
      method === 8
        ? deflateRawSync(bytes)
        : method === 93
          ? zstdCompressSync(bytes)
          : Buffer.from(bytes);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    parts.push(local, Buffer.from(name), stored);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc32(bytes), 16);
    central.writeUInt32LE(large ? 0xffffffff : stored.length, 20);
    central.writeUInt32LE(large ? 0xffffffff : bytes.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt16LE(large ? 37 : 0, 30);
    central.writeUInt32LE(large ? 0xffffffff : at, 42);
    const extra = Buffer.alloc(large ? 37 : 0);
    if (large) {
      extra.writeUInt16LE(0x5455, 0); // a time, as other writers add it
      extra.writeUInt16LE(5, 2);
      extra.writeUInt16LE(1, 9);
      extra.writeUInt16LE(24, 11);
      [bytes.length, stored.length, at].forEach((number, i) =>
        extra.writeBigUInt64LE(BigInt(number), 13 + 8 * i),
      );
    }
    directory.push(central, Buffer.from(name), extra);
    at += 30 + name.length + stored.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(large ? 0xffff : members.length, 10);
  end.writeUInt32LE(large ? 0xffffffff : central.length, 12);
  end.writeUInt32LE(large ? 0xffffffff : at, 16);
  const large64 = Buffer.alloc(large ? 76 : 0);
  if (large) {
    large64.writeUInt32LE(0x06064b50, 0);
    large64.writeBigUInt64LE(BigInt(central.length), 40);
    large64.writeBigUInt64LE(BigInt(at), 48);
    large64.writeUInt32LE(0x07064b50, 56);
    large64.writeBigUInt64LE(BigInt(at + central.length), 64);
  }
  return Buffer.concat([...parts, central, large64, end]);
}

async function read(
  bytes: Uint8Array,
  position: bigint | null = null,
): Promise<{ puts: [offset: number, next: number, bytes: number][]; problems: string[] }> {
  const path = join(folder, "night.zip");
  writeFileSync(path, bytes);
  const puts: [number, number, number][] = [];
  const problems: string[] = [];
  const files = new FileSource({
    paths: [path],
    once: true,
    surveyOf: () => "ztf",
    onProblem: (error) => problems.push(messageOf(error).replaceAll(path, "night.zip")),
  });
  const put = (
    _: unknown,
    offset: bigint,
    next: bigint,
    _at: number,
    message: Uint8Array,
  ): boolean => {
    puts.push([Number(offset), Number(next), message.length]);
    return false;
  };
  await files.run(
    {
      position: async () => position,
      put,
      room: async () => {},
      mark: () => null,
      restart: async () => {},
    },
    new AbortController().signal,
  );
  return { puts, problems };
}

const members: Packed[] = [
  { name: "n/a.avro", bytes: container(2) },
  { name: "n/", bytes: new Uint8Array(0), method: 0 },
  { name: "n/README", bytes: Buffer.alloc(5000) },
  { name: "n/b.avro", bytes: container(1), method: 0 },
  { name: "n/c.bin", bytes: Buffer.alloc(7), method: 93 },
  { name: "n/d.avro.gz", bytes: gzipSync(container(3)), method: 0 },
  { name: "e.avro", bytes: container(120, 50_000) },
];

it.each([false, true])(
  "a zip archive numbers its records through, in the order of its directory (Zip64: %s)",
  async (large) => {
    const { puts, problems } = await read(zip(members, large));
    expect(problems).toEqual([]);
    expect(puts.slice(0, 4)).toEqual([
      [0, 2, container(2).length],
      [2, 3, container(1).length],
      [3, 4, 7],
      [4, 7, container(3).length],
    ]);
    expect(puts.at(-1)?.[1]).toBe(127);
    expect((await read(zip(members, large), 4n)).puts[0]).toEqual([4, 7, container(3).length]);
  },
);

it("a zip archive with members that cannot be read names them and reads the others", async () => {
  const { puts, problems } = await read(
    zip([
      { name: "a.avro", bytes: container(1), flags: 1 },
      { name: "b.avro", bytes: container(1), method: 12 },
      { name: "c.avro", bytes: container(1) },
    ]),
  );
  expect(puts.map(([offset, next]) => [offset, next])).toEqual([[0, 1]]);
  expect(problems).toEqual([
    "night.zip: a.avro in it is encrypted. Unpack the archive with its password and ingest the folder",
    "night.zip: b.avro in it is compressed by method 12. Unpack the archive and ingest the folder",
  ]);
});

it("what is no whole zip archive is said to be none, whatever bytes of it are damaged", async () => {
  expect((await read(Buffer.from("<html>not found</html>"))).problems).toEqual([
    "night.zip cannot be read to its end: not a whole zip archive: it has no directory; is it complete?",
  ]);
  const whole = zip(members.slice(0, 4), true);
  expect((await read(whole.subarray(0, -30))).problems).toHaveLength(1);
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole);
    damaged[at] ^= 0xff;
    await read(damaged); // ends, with or without a problem
  }
});
