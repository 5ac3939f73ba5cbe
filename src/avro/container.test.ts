import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FinkError, messageOf } from "../errors.ts";
import { codecNames } from "./codecs.ts";
import {
  ContainerHeaders,
  containerBlocks,
  countRecords,
  readContainerHeader,
  writeContainer,
} from "./container.ts";
import { encodeLong, readLong } from "./varint.ts";

const reference = join(import.meta.dirname, "../../../shared/reference/alerts");
const megabytes = 1 << 20;
const schema = '{"type":"bytes"}';
const record = (fill: number, size: number): Uint8Array => new Uint8Array(size).fill(fill);
const codec = fc.constantFrom(...codecNames);
const records = fc.array(
  fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }),
  { maxLength: 4 },
);

function blocksOf(
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
  limit = 256 * megabytes,
): [count: number, data: string][] {
  const header = readContainerHeader(bytes, start, end);
  return [...containerBlocks(bytes, header, end, limit)].map((b) => [
    b.count,
    Buffer.from(b.bytes.subarray(b.start, b.end)).toString("hex"),
  ]);
}

/**
 * What reading it ends in: its blocks, or the reason it is refused. Anything but a FinkError is a
 * bug.
 */
function outcome(bytes: Uint8Array, start = 0, end = bytes.length, limit = megabytes): unknown {
  try {
    return blocksOf(bytes, start, end, limit);
  } catch (error) {
    if (!(error instanceof FinkError) || error.code !== "avro") throw error;
    return messageOf(error);
  }
}

describe("container files", () => {
  it("give back what was written, with every codec", () => {
    fc.assert(
      fc.property(codec, records, (name, blocks) => {
        const bytes = writeContainer({ schema, blocks, codec: name });
        const header = readContainerHeader(bytes, 0, bytes.length);
        expect([header.codec, Buffer.from(header.schema).toString()]).toEqual([name, schema]);
        expect(blocksOf(bytes)).toEqual(
          blocks.map((b) => [b.length, Buffer.concat(b).toString("hex")]),
        );
        expect(countRecords(bytes, 0, bytes.length)).toBe(blocks.flat().length);
      }),
    );
  });

  it("without a codec give ranges of the message's own bytes", () => {
    const bytes = writeContainer({ schema, blocks: [[record(1, 10)]] });
    const [block] = containerBlocks(
      bytes,
      readContainerHeader(bytes, 0, bytes.length),
      bytes.length,
      0,
    );
    expect(block.bytes).toBe(bytes);
  });

  it("may write their metadata as a block with a negative count", () => {
    const plain = writeContainer({ schema, blocks: [[record(1, 3)]] });
    const metadata = plain.subarray(5, plain.indexOf(0, 5)); // between the count and the map's end
    const bytes = Buffer.concat([
      plain.subarray(0, 4),
      encodeLong(-2),
      encodeLong(metadata.length),
      plain.subarray(5),
    ]);
    expect(blocksOf(bytes)).toEqual([[1, "010101"]]);
  });

  it("name what is wrong with a block", () => {
    const sync = record(7, 16);
    const damaged = (...body: Uint8Array[]): unknown =>
      outcome(Buffer.concat([writeContainer({ schema, blocks: [], sync }), ...body]));
    expect(damaged(encodeLong(1), encodeLong(2), record(0, 2), record(8, 16))).toBe(
      "sync marker after block 1 differs from the header's",
    );
    expect(damaged(encodeLong(3), encodeLong(2), record(0, 2), sync)).toBe(
      "block 1 declares 3 records in 2 bytes",
    );
    expect(damaged(encodeLong(-1), encodeLong(2), record(0, 2), sync)).toBe(
      "block 1 declares -1 records",
    );
    expect(damaged(encodeLong(1), encodeLong(-2), record(0, 2), sync)).toBe(
      "block 1 declares a length of -2 bytes",
    );
    expect(damaged(encodeLong(1), encodeLong(50), record(0, 2), sync)).toBe(
      "block 1 declares 50 bytes and a sync marker, of which 18 are there",
    );
    expect(damaged(record(255, 20))).toBe(
      "the record count of block 1 is a number of more than 10 bytes",
    );
    expect(damaged(record(128, 3))).toBe("the message ends inside the record count of block 1");
  });

  it.each(["bzip2", "xz", "lzma9"])(
    "of codec %s are refused with the names of the supported ones",
    (name) => {
      const plain = Buffer.from(writeContainer({ schema, blocks: [[record(1, 3)]] })).toString(
        "latin1",
      );
      const bytes = Buffer.from(
        plain.replace("\bnull", String.fromCharCode(2 * name.length) + name),
        "latin1",
      );
      expect(outcome(bytes)).toBe(
        `codec "${name}" is not supported; supported are null, deflate, snappy, zstandard`,
      );
    },
  );

  it.each(["deflate", "snappy", "zstandard"] as const)(
    "of codec %s are not decompressed beyond the limit of the whole message",
    (name) => {
      const zeros = [record(0, 200_000)];
      const bytes = writeContainer({ schema, blocks: [zeros, zeros, zeros], codec: name });
      expect(blocksOf(bytes, 0, bytes.length, 600_000)).toHaveLength(3);
      expect(outcome(bytes, 0, bytes.length, 599_999)).toMatch(
        /^block 3: .*(more than 199999 bytes|the limit is 199999)$/,
      );
    },
  );
});

describe("hostile container files", () => {
  const message = fc.record({
    name: codec,
    blocks: records,
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    cut: fc.nat(60),
  });

  it("end in blocks or in a reason, and nothing outside the message plays a part", () => {
    fc.assert(
      fc.property(message, fc.boolean(), ({ name, blocks, edits, cut }, isCut) => {
        const bytes = writeContainer({ schema, blocks, codec: name, sync: record(7, 16) });
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        const length = isCut ? Math.max(0, bytes.length - cut) : bytes.length;
        const amid = (fill: number): unknown => {
          const around = Buffer.alloc(length + 200, fill);
          around.set(bytes.subarray(0, length), 100);
          countRecords(around, 100, 100 + length);
          return outcome(around, 100, 100 + length);
        };
        const result = amid(0);
        expect(amid(7)).toEqual(result);
        expect(amid(255)).toEqual(result);
      }),
      { numRuns: 1500 },
    );
  });

  it("of random bytes after the magic end in a reason", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
        const bytes = Buffer.concat([Uint8Array.of(0x4f, 0x62, 0x6a, 1), tail]);
        expect(() => outcome(bytes)).not.toThrow();
      }),
      { numRuns: 1500 },
    );
  });
});

describe("headers read one after another", () => {
  it("give the same schema object for the same metadata, whatever the sync marker, and forget nothing in between", () => {
    const headers = new ContainerHeaders();
    const read = (text: string, fill: number) => {
      const bytes = writeContainer({ schema: text, blocks: [], sync: record(fill, 16) });
      const { schema: found, sync, end, codec: name } = headers.read(bytes, 0, bytes.length);
      const copy = [...sync];
      bytes.fill(0); // the caller reuses its bytes
      return { found, sync: copy, end, name };
    };
    const first = read(schema, 1);
    const other = read('"string"', 2);
    const again = read(schema, 3);
    expect(again.found).toBe(first.found);
    expect(Buffer.from(again.found).toString()).toBe(schema);
    expect(again).toMatchObject({ end: first.end, name: "null", sync: Array(16).fill(3) });
    expect(other.found).not.toBe(first.found);
  });

  it("say so when the message ends before the sync marker", () => {
    const headers = new ContainerHeaders();
    const bytes = writeContainer({ schema, blocks: [] });
    headers.read(bytes, 0, bytes.length);
    expect(() => headers.read(bytes, 0, bytes.length - 1)).toThrow(
      "the message ends inside the header's sync marker",
    );
  });
});

describe("varints", () => {
  it("give back every safe integer", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = encodeLong(value);
        expect(readLong({ bytes, at: 0, end: bytes.length }, "a number")).toBe(value);
      }),
    );
  });
});

describe.skipIf(!existsSync(reference))("the reference alerts (needs ../shared)", () => {
  it("have the framing fastavro finds", () => {
    const expected = readdirSync(join(reference, "expected/decoded"))
      .flatMap((file) =>
        gunzipSync(readFileSync(join(reference, "expected/decoded", file)))
          .toString()
          .trim()
          .split("\n"),
      )
      .map(
        (line) =>
          JSON.parse(line) as {
            file: string;
            codec?: string;
            sync: string;
            header_bytes: number;
            blocks: [number, number][];
          },
      )
      .filter(({ codec: name }) => name !== undefined);
    expect(expected.length).toBeGreaterThan(500);
    const headers = new ContainerHeaders();
    for (const { file, codec: name, sync, header_bytes: end, blocks } of expected) {
      const bytes = readFileSync(join(reference, file));
      const header = headers.read(bytes, 0, bytes.length);
      expect([file, header.codec, Buffer.from(header.sync).toString("hex"), header.end]).toEqual([
        file,
        name,
        sync,
        end,
      ]);
      const found = [...containerBlocks(bytes, header, bytes.length, 64 * megabytes)];
      expect(found.map((b) => b.count)).toEqual(blocks.map(([count]) => count));
      if (name === "null")
        expect(found.map((b) => b.end - b.start)).toEqual(blocks.map(([, size]) => size));
    }
  });

  it("that are damaged are refused for the damage they have, as far as the framing tells", () => {
    const bad = join(reference, "bad");
    for (const file of readdirSync(bad).filter((name) => name.endsWith(".avro"))) {
      const bytes = readFileSync(join(bad, file));
      const result = outcome(bytes, 0, bytes.length, 16 * megabytes);
      const reason = damage[file.slice(0, 2)];
      if (reason) expect([file, result]).toEqual([file, expect.stringMatching(reason)]);
      else expect([file, Array.isArray(result)]).toEqual([file, true]);
    }
  });
});

/** By number; the others are intact as far as the framing goes. */
const damage: Record<string, RegExp> = {
  "01": /begins with nothing/,
  "02": /ends inside the header/,
  "03": /begins with 4f626a02/,
  "04": /begins with 53494d50/,
  "05": /ends inside the header/,
  "06": /ends inside the header's sync marker/,
  "08": /block 1 declares 41117 bytes .* of which 4109 are there/,
  "09": /block 1 declares 44976 bytes .* of which 22494 are there/,
  "10": /block 1 declares 41117 bytes and a sync marker/,
  "11": /sync marker after block 1 differs/,
  "12": /sync marker after block 1 differs/,
  "13": /not UTF-8/,
  "15": /codec "lzma9" is not supported/,
  "16": /no avro.schema/,
  "17": /block 1 declares 1099511627776 bytes/,
  "18": /block 1 declares a length of -5 bytes/,
  "20": /block 1 declares 1125899906842624 records/,
  "21": /sync marker after block 1 differs/,
  "27": /CRC-32 of the snappy block is/,
  "28": /snappy stream holds a literal/,
  "29": /decompresses to more than 16777216 bytes/,
  "30": /deflate block is damaged: invalid block type/,
  "41": /block 2 declares -52 records/,
};
