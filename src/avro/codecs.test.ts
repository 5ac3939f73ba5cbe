import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codecNames, compress, decompress } from "./codecs.ts";
import { containerBlocks, readContainerHeader, writeContainer } from "./container.ts";
import { decompressSnappy } from "./snappy.ts";

describe("snappy", () => {
  it("reads literals, copies and runs", () => {
    // "abcd", then 8 bytes from 4 back (overlapping), then 1-byte offset copy of 4 from 12 back
    const stream = Uint8Array.of(16, 3 << 2, 97, 98, 99, 100, (7 << 2) | 2, 4, 0, 1, 12);
    expect(Buffer.from(decompressSnappy(stream, 100)).toString()).toBe("abcdabcdabcdabcd");
  });

  it("does not hang on a literal of 4 GiB, as snappyjs 0.7.0 does", () => {
    expect(() =>
      decompressSnappy(Uint8Array.of(10, 63 << 2, 0xfa, 0xff, 0xff, 0xff, 1, 2, 3), 100),
    ).toThrow(/literal of 4294967291 bytes/);
  });

  it("allocates nothing for a length that cannot be true", () => {
    expect(() => decompressSnappy(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0), 2 ** 30)).toThrow(
      /more than it can hold/,
    );
    expect(() => decompressSnappy(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0), 1000)).toThrow(
      /the limit is 1000/,
    );
  });

  it("gives bytes of the declared length or a reason for anything", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.uint8Array({ maxLength: 200 }), (length, body) => {
        try {
          expect(decompressSnappy(Uint8Array.of(length & 0x7f, ...body), 1000)).toHaveLength(
            length & 0x7f,
          );
        } catch (error) {
          expect(error).toMatchObject({ code: "avro" });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("every codec", () => {
  it.each(["deflate", "snappy", "zstandard"] as const)(
    "%s refuses a block that was cut",
    (codec) => {
      const block = compress(codec, Buffer.from("an alert ".repeat(100)));
      for (const size of [0, 1, block.length >> 1, block.length - 1]) {
        expect(() => decompress(codec, block.subarray(0, size), 10_000), `${size} bytes`).toThrow(
          expect.objectContaining({ code: "avro" }),
        );
      }
    },
  );
});

const python = process.env["FINK_PYTHON"] ?? "";

describe.skipIf(python === "")(
  "files exchanged with fastavro (needs FINK_PYTHON with fastavro, cramjam, backports.zstd)",
  () => {
    let folder = "";
    beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "fink-codecs-"))));
    afterAll(() => rmSync(folder, { recursive: true }));
    const schema = { type: "record", name: "r", fields: [{ name: "s", type: "string" }] };
    const datum = (text: string): Buffer =>
      Buffer.concat([Uint8Array.of(2 * text.length), Buffer.from(text)]);
    const texts = Array.from({ length: 50 }, (_, i) => `alert ${i} ${"x".repeat(i)}`);

    it.each(codecNames)("%s: we read what it writes", (codec) => {
      const file = join(folder, `${codec}-theirs.avro`);
      const script = `import fastavro,json,sys
f,c,s,t=sys.argv[1:]
fastavro.writer(open(f,'wb'),json.loads(s),[{'s':x} for x in json.loads(t)],codec=c,sync_interval=500)`;
      execFileSync(python, [
        "-c",
        script,
        file,
        codec,
        JSON.stringify(schema),
        JSON.stringify(texts),
      ]);
      const bytes = readFileSync(file);
      const header = readContainerHeader(bytes, 0, bytes.length);
      const blocks = [...containerBlocks(bytes, header, bytes.length, 100_000)];
      expect(header.codec).toBe(codec);
      expect(blocks.length).toBeGreaterThan(2);
      expect(Buffer.concat(blocks.map((b) => b.bytes.subarray(b.start, b.end)))).toEqual(
        Buffer.concat(texts.map(datum)),
      );
    });

    it.each(codecNames)("%s: it reads what we write", (codec) => {
      const file = join(folder, `${codec}-ours.avro`);
      const records = texts.map(datum);
      writeFileSync(
        file,
        writeContainer({
          schema: JSON.stringify(schema),
          codec,
          blocks: [records.slice(0, 20), records.slice(20)],
        }),
      );
      const script =
        "import fastavro,json,sys\nprint(json.dumps([r['s'] for r in fastavro.reader(open(sys.argv[1],'rb'))]))";
      expect(JSON.parse(execFileSync(python, ["-c", script, file]).toString())).toEqual(texts);
    });
  },
);
