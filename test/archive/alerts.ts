import { compileEncoder } from "../../src/avro/encoder.ts";
import { writeContainer } from "../../src/avro/container.ts";

/** The packet of these tests: about 1 KB, and every field follows from the alert's number. Its survey is `sky`. */
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

/** A container of one alert; of some numbers the last bytes are missing. */
export function alert(number: number): Buffer {
  const bytes = whole(number);
  return isDamaged(number) ? bytes.subarray(0, bytes.length - 5) : bytes;
}

/** A container of several alerts. */
export function alerts(numbers: readonly number[]): Buffer {
  return container(numbers);
}

/** One in a hundred, spread over all partitions. */
export function isDamaged(number: number): boolean {
  return number % 101 === 37;
}

/** SQL: whether a row's fields are those of alert `number`. */
export const isExact = `
  "alertId" = ${firstId} + "number" AND "fluxes" = ["number"::FLOAT / 3::FLOAT, 'NaN'::FLOAT]
  AND decode("cutout") = repeat("number"::VARCHAR || ' ', 100)`;

function whole(number: number): Buffer {
  return container([number]);
}

function container(numbers: readonly number[]): Buffer {
  const records = numbers.map((number) =>
    encode({ alertId: firstId + BigInt(number), number, fluxes: [number / 3, NaN], cutout: Buffer.from(`${number} `.repeat(100)) }),
  );
  return Buffer.from(writeContainer({ schema, blocks: [records], sync }));
}
