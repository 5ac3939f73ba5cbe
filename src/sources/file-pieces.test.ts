import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Block,
  containerBlocks,
  countRecords,
  readContainerHeader,
  writeContainer,
} from "../avro/container.ts";
import { FinkError } from "../errors.ts";
import { filePieces } from "./file-pieces.ts";

const schema = '{"type":"bytes"}';
const sync = new Uint8Array(16).fill(5);
const megabyte = 1 << 20;

/** Blocks of the given sizes; every record has 1000 bytes and begins with its number. */
function container(blockSizes: readonly number[]): Buffer {
  let number = 0;
  const blocks = blockSizes.map((size) =>
    Array.from({ length: size }, () => {
      const record = Buffer.alloc(1000);
      record.writeUInt32BE(number++);
      return record;
    }),
  );
  return Buffer.from(writeContainer({ schema, blocks, sync }));
}

async function piecesOf(
  bytes: Uint8Array,
  chunkBytes = 200_000,
): Promise<{ bytes: Buffer; records: number }[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const pieces = [];
  for await (const piece of filePieces(chunks()))
    pieces.push({ bytes: Buffer.from(piece.bytes), records: piece.records });
  return pieces;
}

/** Numbers of the records of a piece, or null when it is refused. */
function numbersOf(piece: Uint8Array): number[] | null {
  try {
    const blocks = [
      ...containerBlocks(piece, readContainerHeader(piece, 0, piece.length), piece.length, 0),
    ];
    const numberAt = ({ bytes }: Block, at: number): number =>
      new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
    return blocks.flatMap((block) =>
      range(0, block.count).map((i) => numberAt(block, block.start + 1000 * i)),
    );
  } catch (error) {
    if (error instanceof FinkError) return null;
    throw error;
  }
}
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

describe("a small file", () => {
  it("is one piece, whatever it holds", async () => {
    for (const bytes of [
      new Uint8Array(0),
      Buffer.from("SIMPLE  ="),
      container([3, 2]),
      container([3]).subarray(0, 2000),
    ]) {
      expect(await piecesOf(bytes, 700)).toEqual([
        { bytes: Buffer.from(bytes), records: Math.max(1, countRecords(bytes, 0, bytes.length)) },
      ]);
    }
  });
});

describe("a large container", () => {
  it("is cut into containers of about a megabyte that hold every record in order", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 4, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 10_000, max: 3 * megabyte }),
        async (blockSizes, chunkBytes) => {
          const bytes = container([4200, ...blockSizes]);
          const pieces = await piecesOf(bytes, chunkBytes);
          const total = 4200 + blockSizes.reduce((sum, size) => sum + size, 0);
          expect(pieces.flatMap((piece) => numbersOf(piece.bytes))).toEqual(range(0, total));
          for (const { bytes: piece, records } of pieces) {
            expect(records).toBe(countRecords(piece, 0, piece.length));
            expect(piece.length).toBeLessThan(4_300_000);
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  it("loses to damage only what lies before the next sync marker, and keeps those bytes", async () => {
    const bytes = container(Array.from({ length: 60 }, () => 100));
    const markers = [];
    for (let at = bytes.indexOf(sync); at >= 0; at = bytes.indexOf(sync, at + 16)) markers.push(at);
    bytes[markers[30] + 16] = 0x81; // the record count of block 31 now runs into its length
    const damaged = Buffer.from(bytes.subarray(markers[30] + 16, markers[31] + 16));
    const pieces = await piecesOf(bytes);
    expect(pieces.flatMap((piece) => numbersOf(piece.bytes) ?? [-1])).toEqual([
      ...range(0, 3000),
      -1,
      ...range(3100, 6000),
    ]);
    const refused = pieces.filter((piece) => numbersOf(piece.bytes) === null);
    expect(
      refused.map(({ records, bytes: piece }) => [
        records,
        piece.subarray(-damaged.length).equals(damaged),
      ]),
    ).toEqual([[1, true]]);
  });

  it("that was cut gives its whole blocks, and the rest as a piece", async () => {
    const bytes = container(Array.from({ length: 60 }, () => 100));
    const pieces = await piecesOf(bytes.subarray(0, bytes.length - 5000));
    expect(pieces.flatMap((piece) => numbersOf(piece.bytes) ?? [-1])).toEqual([
      ...range(0, 5900),
      -1,
    ]);
  });

  it("without a readable header comes out byte for byte", async () => {
    const bytes = container([6000]).fill(9, 0, 4);
    const pieces = await piecesOf(bytes);
    expect(Buffer.concat(pieces.map((piece) => piece.bytes)).equals(bytes)).toBe(true);
    expect(pieces.map((piece) => piece.records)).toEqual([1]);
  });

  it("with any bytes damaged comes to an end, and no byte is left out", async () => {
    const good = container(Array.from({ length: 60 }, () => 100));
    const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(edits, fc.nat(3 * megabyte), async (changes, cut) => {
        const bytes = Buffer.from(good.subarray(0, good.length - (cut < megabyte ? cut : 0)));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const pieces = await piecesOf(bytes, megabyte);
        expect(pieces.reduce((sum, piece) => sum + piece.bytes.length, 0)).toBeGreaterThanOrEqual(
          bytes.length,
        );
      }),
      { numRuns: 15 },
    );
  });
});
