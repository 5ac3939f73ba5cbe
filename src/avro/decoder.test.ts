import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, varint } from "../../test/avro/encode.ts";
import { expected, readColumn } from "../../test/avro/read.ts";
import { type RandomAlerts, randomAlerts } from "../../test/avro/random.ts";
import { columnsOf } from "./columns.ts";
import { compileDecoder, type Decoder } from "./decoder.ts";

function rowsOf(decoder: Decoder): unknown[] {
  const columns = columnsOf(decoder);
  return Array.from({ length: decoder.rows() }, (_, row) => readColumn(columns, row));
}

function record(...types: unknown[]): string {
  return JSON.stringify({
    type: "record",
    name: "r",
    fields: types.map((type, i) => ({ name: `f${i}`, type })),
  });
}

function decodeAlone(schema: string, bytes: Buffer): unknown {
  const decoder = compileDecoder(schema);
  expect(decoder.decode(bytes, 0, bytes.length)).toBe(bytes.length);
  return rowsOf(decoder)[0];
}

function rowsExpected({ type, alerts }: RandomAlerts): unknown[] {
  return alerts.map((alert) => expected(type, alert) ?? []);
}

describe("any alert of any schema", () => {
  it.each([1000, 2, -1])(
    "comes back as it was encoded, with arrays in blocks of %i",
    (blockSize) => {
      fc.assert(
        fc.property(randomAlerts, (random) => {
          const decoder = compileDecoder(random.text);
          const message = Buffer.concat(
            random.alerts.map((alert) => encode(random.type, alert, blockSize)),
          );
          let at = 0;
          for (const _ of random.alerts) at = decoder.decode(message, at, message.length);
          expect(at).toBe(message.length);
          expect(rowsOf(decoder)).toEqual(rowsExpected(random));
        }),
        { numRuns: 300 },
      );
    },
  );

  it("is cut off without a trace", () => {
    fc.assert(
      fc.property(randomAlerts, fc.nat(5), (random, kept) => {
        const decoder = compileDecoder(random.text);
        const put = (i: number) => {
          const message = encode(random.type, random.alerts[i]);
          decoder.decode(message, 0, message.length);
        };
        const keep = Math.min(kept, random.alerts.length);
        for (let i = 0; i < keep; i++) put(i);
        const counts = decoder.counts();
        for (let i = keep; i < random.alerts.length; i++) put(i);
        decoder.cut(counts);
        expect(rowsOf(decoder)).toEqual(rowsExpected(random).slice(0, keep));
        for (let i = keep; i < random.alerts.length; i++) put(i);
        expect(rowsOf(decoder)).toEqual(rowsExpected(random));
      }),
    );
  });
});

describe("damaged bytes", () => {
  /** What a decoder says of bytes that lie between others. */
  function verdict(decoder: Decoder, bytes: Uint8Array, around: number): unknown {
    const padded = Buffer.alloc(bytes.length + 400, around);
    padded.set(bytes, 200);
    const before = decoder.counts();
    try {
      const end = decoder.decode(padded, 200, 200 + bytes.length);
      const row = rowsOf(decoder).at(-1);
      decoder.cut(before);
      return { end, row };
    } catch (error) {
      expect(error).toMatchObject({ code: "avro" });
      expect(decoder.counts()).toEqual(before);
      return "refused";
    }
  }

  /** Flips bits, cuts, or replaces all. */
  const damage = fc.oneof(
    fc.record({ flips: fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 3 }) }),
    fc.record({ length: fc.nat() }),
    fc.record({ instead: fc.uint8Array({ maxLength: 200 }) }),
  );
  type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

  function damaged(bytes: Buffer, how: Damage): Uint8Array {
    if ("instead" in how) return how.instead;
    if ("length" in how) return bytes.subarray(0, how.length % (bytes.length + 1));
    const copy = Buffer.from(bytes);
    for (const [at, bit] of how.flips) if (copy.length > 0) copy[at % copy.length] ^= 1 << bit;
    return copy;
  }

  it("are read or refused without a look at what lies around them, and leave no trace", () => {
    fc.assert(
      fc.property(randomAlerts, damage, (random, how) => {
        const decoder = compileDecoder(random.text);
        for (const alert of random.alerts) {
          const good = encode(random.type, alert);
          const bad = damaged(good, how);
          const verdicts = [0, 0x7f, 0x80, 0xff].map((around) => verdict(decoder, bad, around));
          for (const other of verdicts) expect(other).toEqual(verdicts[0]);
          decoder.decode(good, 0, good.length);
        }
        expect(rowsOf(decoder)).toEqual(rowsExpected(random));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [
      "a block that claims more items than there are bytes",
      { type: "array", items: "int" },
      Buffer.concat([varint(2n ** 40n), Buffer.of(0)]),
    ],
    [
      "a block of -2^63 items",
      { type: "array", items: "int" },
      Buffer.concat([varint(-(2n ** 63n)), Buffer.of(0, 0)]),
    ],
    [
      "a block whose size in bytes is negative",
      { type: "array", items: "int" },
      Buffer.concat([varint(-1n), varint(-5n), Buffer.of(0, 0)]),
    ],
    ["a string longer than the message", "string", varint(2n ** 50n)],
    ["a string of negative length", "string", varint(-1n)],
    ["a string that is not UTF-8", "string", Buffer.of(4, 0xc3, 0x28)],
    [
      "a long string that is not UTF-8",
      "string",
      Buffer.concat([varint(200n), Buffer.alloc(200, 0xff)]),
    ],
    [
      "bytes longer than 32 bits can say",
      "bytes",
      Buffer.concat([varint(2n ** 32n + 1n), Buffer.of(1)]),
    ],
    ["a boolean of 2", "boolean", Buffer.of(2)],
    ["an int of 6 bytes", "int", Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80, 0)],
    ["an int of 33 bits", "int", Buffer.of(0xff, 0xff, 0xff, 0xff, 0x1f)],
    ["a long of 11 bytes", "long", Buffer.concat([Buffer.alloc(10, 0x80), Buffer.of(0)])],
    ["a long of 65 bits", "long", Buffer.concat([Buffer.alloc(9, 0xff), Buffer.of(2)])],
    ["an enum beyond its symbols", { type: "enum", name: "e", symbols: ["a"] }, Buffer.of(2)],
    ["an enum of negative index", { type: "enum", name: "e", symbols: ["a"] }, Buffer.of(1)],
    ["a branch beyond the union's", ["null", "int"], Buffer.of(4)],
    ["a negative branch", ["null", "int"], Buffer.of(1)],
    [
      "a time beyond 64 bits of microseconds",
      { type: "long", logicalType: "timestamp-millis" },
      varint(2n ** 62n),
    ],
    [
      "a decimal of more digits than its precision",
      { type: "bytes", logicalType: "decimal", precision: 3 },
      Buffer.of(4, 0x03, 0xe8),
    ],
    [
      "a decimal of more than 128 bits",
      { type: "bytes", logicalType: "decimal", precision: 38 },
      Buffer.concat([varint(20n), Buffer.alloc(20, 1)]),
    ],
  ])("%s is refused", (_, type, bytes) => {
    expect(() => decodeAlone(record(type), bytes)).toThrow(
      expect.objectContaining({ code: "avro" }),
    );
  });

  it("that claim endless items of no size are refused at once", () => {
    const nulls = record({ type: "array", items: { type: "array", items: "null" } });
    const inner = Buffer.concat([varint(1n << 16n), varint(1n << 16n), varint(0n)]);
    const message = Buffer.concat([
      varint(1000n),
      ...Array.from({ length: 1000 }, () => inner),
      varint(0n),
    ]);
    expect(() => decodeAlone(nulls, message)).toThrow("items");
  });

  it("that would blow up to more memory than there is are refused, and the memory is the same for all decoders that share it", () => {
    const wide = {
      type: "record",
      name: "wide",
      fields: Array.from({ length: 1000 }, (_, i) => ({ name: `w${i}`, type: "double" })),
    };
    const memory = { left: 16 << 20 };
    const decoder = compileDecoder(record({ type: "array", items: ["null", wide] }), [], memory);
    // as many nulls, each a row of 8,000 bytes
    const message = Buffer.concat([varint(100_000n), Buffer.alloc(100_001)]);
    expect(() => decoder.decode(message, 0, message.length)).toThrow("too much memory");
    expect(memory.left).toBeGreaterThanOrEqual(0);
    expect(decoder.rows()).toBe(0);
    const small = Buffer.of(4, 0, 0, 0);
    decoder.decode(small, 0, small.length);
    expect(rowsOf(decoder)).toEqual([[[null, null]]]);
    expect(() =>
      compileDecoder(record(...Array.from({ length: 10_000 }, () => "string")), [], {
        left: 1 << 20,
      }),
    ).toThrow("too much memory");
  });
});

describe("a value at the edge of its type", () => {
  it("keeps all 64 bits", () => {
    const values = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, -1n, 0n];
    for (const value of values) expect(decodeAlone(record("long"), varint(value))).toEqual([value]);
  });

  it("keeps the payload of a NaN and the sign of zero", () => {
    const message = Buffer.from(
      "0100a07f" + "010000000000f47f" + "00000080" + "0000000000000080",
      "hex",
    );
    expect(decodeAlone(record("float", "double", "float", "double"), message)).toEqual([
      0x7fa00001,
      0x7ff4000000000001n,
      -(2 ** 31),
      -(2n ** 63n),
    ]);
  });

  it("may be a decimal of 38 digits, with needless bytes in front, or of none", () => {
    const type = { type: "bytes", logicalType: "decimal", precision: 38, scale: 2 };
    const digits = 10n ** 38n - 1n;
    const bytes = Buffer.from(BigInt.asUintN(160, -digits).toString(16), "hex");
    expect(
      decodeAlone(record(type, type), Buffer.concat([varint(20n), bytes, Buffer.of(0)])),
    ).toEqual([-digits, 0n]);
  });

  it("may be a union of 64 branches", () => {
    const branches = Array.from({ length: 64 }, (_, i) => ({
      type: "fixed",
      name: `b${i}`,
      size: 1,
    }));
    const row = decodeAlone(record(branches), Buffer.concat([varint(63n), Buffer.of(7)])) as [
      (string | null)[],
    ];
    expect(row[0].indexOf("07")).toBe(63);
    expect(row[0].filter((v) => v !== null)).toHaveLength(1);
  });
});
