import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Data, DataType, type Struct } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../test/avro/encode.ts";
import { randomAlerts } from "../../test/avro/random.ts";
import { readColumn } from "../../test/avro/read.ts";
import { available } from "../../test/require.ts";
import { fromParquet, toParquet } from "../lake/parquet.ts";
import { columnsOf } from "./columns.ts";
import { containerBlocks, readContainerHeader } from "./container.ts";
import { compileDecoder } from "./decoder.ts";
import { readWireHeader } from "./wire.ts";

const alerts = join(import.meta.dirname, "../../../shared/reference/alerts");
const decoded = join(alerts, "expected/decoded");
const isThere = existsSync(decoded);

interface Expected {
  readonly file: string;
  readonly records: readonly unknown[];
}

/** The alerts of a message, as columns. */
function decodeFile(file: string): Data<Struct> {
  const bytes = readFileSync(join(alerts, file));
  if (bytes[0] === 0) {
    const { id, start } = readWireHeader(bytes, 0, bytes.length);
    const decoder = compileDecoder(readFileSync(join(alerts, `lsst/schemas/${id}.avsc`), "utf8"));
    expect(decoder.decode(bytes, start, bytes.length)).toBe(bytes.length);
    return columnsOf(decoder);
  }
  const header = readContainerHeader(bytes, 0, bytes.length);
  const decoder = compileDecoder(Buffer.from(header.schema).toString());
  for (const block of containerBlocks(bytes, header, bytes.length, 1 << 28)) {
    let at = block.start;
    for (let i = 0; i < block.count; i++)
      at = decoder.decode(
        Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.length),
        at,
        block.end,
      );
    expect(at).toBe(block.end);
  }
  return columnsOf(decoder);
}

/**
 * A row as the reference set's README has it: long and time stamps as text, bytes by their hash,
 * NaN and infinities by name.
 */
function asReference(data: Data, row: number): unknown {
  if (data.nullCount > 0 && !((data.nullBitmap[row >> 3] >> (row & 7)) & 1)) return null;
  const { type, values, valueOffsets } = data;
  if (DataType.isStruct(type))
    return Object.fromEntries(
      type.children.map((f, i) => [f.name, asReference(data.children[i], row)]),
    );
  if (DataType.isList(type))
    return Array.from({ length: valueOffsets[row + 1] - valueOffsets[row] }, (_, i) =>
      asReference(data.children[0], valueOffsets[row] + i),
    );
  if (DataType.isMap(type)) {
    const [keys, entries] = data.children[0].children;
    return Object.fromEntries(
      Array.from({ length: valueOffsets[row + 1] - valueOffsets[row] }, (_, i) => [
        asReference(keys, valueOffsets[row] + i),
        asReference(entries, valueOffsets[row] + i),
      ]),
    );
  }
  if (DataType.isFloat(type))
    return Number.isFinite(values[row]) ? values[row] : String(values[row]);
  if (DataType.isBinary(type)) {
    const bytes = values.subarray(valueOffsets[row], valueOffsets[row + 1]);
    return { sha256: createHash("sha256").update(bytes).digest("hex"), length: bytes.length };
  }
  const value = readColumn(data, row);
  return typeof value === "bigint" ? String(value) : value;
}

/** Fields of the type null have no column: a missing column and null are the same. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, v]) => (v === null ? [] : [[name, withoutNulls(v)]])),
  );
}

describe.skipIf(
  !available("reference", isThere, "no ../shared/reference with expected values of real alerts"),
)("every real message decodes to exactly the expected values", () => {
  it.each(isThere ? readdirSync(decoded) : [])("%s", (name) => {
    const lines = gunzipSync(readFileSync(join(decoded, name)))
      .toString()
      .trim()
      .split("\n");
    for (const { file, records } of lines.map((line) => JSON.parse(line) as Expected)) {
      const columns = decodeFile(file);
      const rows = Array.from({ length: columns.length }, (_, row) => asReference(columns, row));
      expect(withoutNulls(rows), file).toStrictEqual(withoutNulls(records));
    }
  });
});

describe("columns of any schema", () => {
  it("are the same when they come back from a Parquet file", () => {
    fc.assert(
      fc.property(randomAlerts, ({ text, type, alerts: some }) => {
        const decoder = compileDecoder(text);
        for (const alert of some) {
          const message = encode(type, alert);
          decoder.decode(message, 0, message.length);
        }
        const columns = columnsOf(decoder);
        // the lake's columns are never without rows or without _source
        fc.pre(columns.children.length > 0 && some.length > 0);
        const [batch] = fromParquet(toParquet(columns)).batches;
        const rows = (data: Data) => some.map((_, row) => readColumn(data, row));
        expect(rows(batch.data)).toEqual(rows(columns));
      }),
      { numRuns: 200 },
    );
  });
});
