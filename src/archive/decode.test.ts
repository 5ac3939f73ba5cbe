import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { varint } from "../../test/avro/encode.ts";
import { writeContainer } from "../avro/container.ts";
import { compileEncoder } from "../avro/encoder.ts";
import { SchemaStore } from "../avro/registry.ts";
import { writeWire } from "../avro/wire.ts";
import { BatchBuilder } from "./batch.ts";
import { MessageDecoder } from "./decode.ts";

const schema = JSON.stringify({
  type: "record",
  name: "sky.alert",
  fields: [{ name: "id", type: "long" }],
});
const encode = compileEncoder(schema);
const partition = {
  survey: "sky",
  source: "topic",
  partition: 0,
  appId: "topic 0",
  counts: "messages",
} as const;

const good = (id: number) => writeContainer({ schema, blocks: [[encode({ id })]] });
const withSchema = (text: string, datum: Uint8Array = Buffer.alloc(0)) =>
  writeContainer({ schema: text, blocks: [[datum]] });

/** Numbers of the messages that were decoded, and the reasons of the others. */
async function decode(
  decoder: MessageDecoder,
  messages: readonly Uint8Array[],
): Promise<{ read: number[]; reasons: string[] }> {
  const size = messages.reduce((sum, m) => sum + m.length, 0);
  const batch = new BatchBuilder("sky", new ArrayBuffer(size), messages.length, 0);
  batch.advance(partition, null, 0n);
  for (const [i, bytes] of messages.entries()) batch.put(partition, BigInt(i), NaN, 0, bytes);
  const { decoded, rejects } = await decoder.decode(batch.seal());
  return {
    read: decoded.flatMap((d) => d.rows.messages).sort((a, b) => a - b),
    reasons: rejects.map((r) => r.reason),
  };
}

function newDecoder(folder = "", bareSchema = ""): MessageDecoder {
  const schemas = new SchemaStore({ folder, cache: "", registry: "", username: "", password: "" });
  return new MessageDecoder({ schemas, bareSchema, maxMessageBytes: 1 << 28 });
}

describe("a message with bytes left over after its alert waits, and its alert is not archived", () => {
  it.each(["container", "wire", "bare"])("%s", async (framing) => {
    const folder = mkdtempSync(join(tmpdir(), "fink-decode-"));
    writeFileSync(join(folder, "7.avsc"), schema);
    const decoder = newDecoder(folder, framing === "bare" ? schema : "");
    const datum = (id: number, rest: number) =>
      Buffer.concat([encode({ id }), Buffer.alloc(rest, 1)]);
    const message = (id: number, rest: number) => {
      if (framing === "container") return writeContainer({ schema, blocks: [[datum(id, rest)]] });
      return framing === "wire" ? writeWire(7, datum(id, rest)) : datum(id, rest);
    };
    const { read, reasons } = await decode(decoder, [message(1, 0), message(2, 5), message(3, 0)]);
    rmSync(folder, { recursive: true });
    expect(read).toEqual([0, 2]);
    expect(reasons).toEqual(["5 bytes are left over after the last record"]);
  });
});

describe("hostile messages wait, and the alerts beside them are read", () => {
  const abyss = "[".repeat(100_000) + "]".repeat(100_000);
  const wide = (types: number) =>
    JSON.stringify({
      type: "record",
      name: "w",
      fields: Array.from({ length: types }, (_, i) => ({ name: `f${i}`, type: "string" })),
    });
  const recursive = JSON.stringify({
    type: "record",
    name: "r",
    fields: [{ name: "f", type: ["null", "r"] }],
  });
  const unnamed = JSON.stringify({
    type: "record",
    name: "r",
    fields: [{ name: "f`;", type: "int" }],
  });

  it.each([
    ["with a schema nested without end", `{"type":"record","name":${abyss},"fields":[]}`],
    ["with a schema that is a list nested without end", abyss],
    ["with too many types", wide(25_000)],
    ["with a record that contains itself", recursive],
    ["with code for a name", unnamed],
    ["with a schema that is no record", '"int"'],
  ])("%s", async (_, text) => {
    const { read, reasons } = await decode(newDecoder(), [good(1), withSchema(text), good(2)]);
    expect(read).toEqual([0, 2]);
    expect(reasons).toEqual([expect.stringMatching(/schema/)]);
  });

  it("with blocks that decompress to more than there is memory for, in one batch", async () => {
    const zeros = Buffer.alloc(200 << 20); // 200 million alerts of id 0, as 200 kB
    const block = deflateRawSync(zeros);
    const bomb = Buffer.from(writeContainer({ schema, codec: "deflate", blocks: [] }));
    const sync = bomb.subarray(bomb.length - 16);
    const message = Buffer.concat([bomb, varint(1n), varint(BigInt(block.length)), block, sync]);
    const { read, reasons } = await decode(newDecoder(), [
      good(1),
      ...Array.from({ length: 8 }, () => message),
      good(2),
    ]);
    expect(read).toEqual([0, 9]);
    expect(reasons).toHaveLength(8);
  });

  it("with a small message that fills more columns than there is memory for, again and again", async () => {
    const row = {
      type: "record",
      name: "w",
      fields: Array.from({ length: 2000 }, (_, i) => ({ name: `f${i}`, type: "double" })),
    };
    const text = JSON.stringify({
      type: "record",
      name: "r",
      fields: [{ name: "list", type: { type: "array", items: ["null", row] } }],
    });
    const nulls = withSchema(text, Buffer.concat([varint(200_000n), Buffer.alloc(200_001)]));
    const decoder = newDecoder();
    for (let i = 0; i < 3; i++) {
      const { read, reasons } = await decode(decoder, [good(1), nulls, good(2)]);
      expect(read).toEqual([0, 2]);
      expect(reasons).toEqual([expect.stringContaining("too much memory")]);
    }
  });
});
