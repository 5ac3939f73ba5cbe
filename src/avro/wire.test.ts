import fc from "fast-check";
import { expect, it } from "vitest";
import { readWireHeader, writeWire } from "./wire.ts";

it("gives back the id and the datum, wherever the message lies", () => {
  fc.assert(
    fc.property(
      fc.nat(0xffffffff),
      fc.uint8Array({ minLength: 1 }),
      fc.nat(20),
      (id, datum, start) => {
        const bytes = Buffer.concat([
          Buffer.alloc(start, 1),
          writeWire(id, datum),
          Buffer.alloc(3),
        ]);
        const header = readWireHeader(bytes, start, bytes.length - 3);
        expect(header).toEqual({ id, start: start + 5 });
        expect(bytes.subarray(header.start, -3)).toEqual(Buffer.from(datum));
      },
    ),
  );
});

it("refuses what is no wire message, with the reason", () => {
  expect(() => readWireHeader(Uint8Array.of(1, 0, 0, 2, 189, 7), 0, 6)).toThrow(
    "the message begins with byte 0x01, not with 0x00 and a schema id",
  );
  expect(() => readWireHeader(Uint8Array.of(0, 0, 0, 2, 189, 7), 0, 5)).toThrow(
    "a message of 5 bytes has no datum",
  );
  expect(() => readWireHeader(new Uint8Array(0), 0, 0)).toThrow(
    "a message of 0 bytes has no datum",
  );
});
