import { writeContainer } from "../../src/avro/container.ts";
import { compileEncoder } from "../../src/avro/encoder.ts";

/**
 * The packet of these tests, about 1 KB: every field follows from the alert's number. Its survey is
 * `sky`.
 */
const schema = JSON.stringify({
  type: "record",
  name: "alert",
  namespace: "sky",
  fields: [
    { name: "alertId", type: "long" },
    { name: "number", type: "int" },
    { name: "fluxes", type: { type: "array", items: "float" } },
    { name: "cutout", type: ["null", "bytes"] },
  ],
});

const encode = compileEncoder(schema);
const sync = Buffer.alloc(16, 0x5c);

/** Beyond 2^53, so that an id that went through a double shows. */
const firstId = 2n ** 60n + 1n;

/** SQL: whether the fields of a row are those of the alert with its number. */
export const isExact = `
  "alertId" = ${firstId} + "number" AND "fluxes" = [("number" / 4)::FLOAT, 'NaN'::FLOAT] AND decode("cutout") = repeat("number"::VARCHAR || ' ', 100)`;

/** A container of these alerts, in one block. */
export function packet(...numbers: readonly number[]): Buffer {
  const records = numbers.map((number) =>
    encode({
      alertId: firstId + BigInt(number),
      number,
      fluxes: [number / 4, NaN],
      cutout: Buffer.from(`${number} `.repeat(100)),
    }),
  );
  return Buffer.from(writeContainer({ schema, blocks: [records], sync }));
}

/** One that lost its last bytes on the way. */
export function damagedPacket(number: number): Buffer {
  return packet(number).subarray(0, -5);
}
