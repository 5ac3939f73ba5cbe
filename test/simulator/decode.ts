import avsc from "avsc";
import { containerBlocks, readContainerHeader } from "../../src/avro/container.ts";
import type { SurveyName } from "../../src/simulator/survey/telescope.ts";
import { schemaFor } from "../../src/simulator/packets/schemas.ts";

/** 64-bit integers as bigint. */
export const long = avsc.types.LongType.__with({
  fromBuffer: (b: Buffer) => b.readBigInt64LE(),
  toBuffer: () => Buffer.alloc(8),
  fromJSON: BigInt,
  toJSON: String,
  isValid: (n: unknown) => typeof n === "bigint",
  compare: () => 0,
});

/**
 * The fields of a simulated packet as another Avro library reads them; 64-bit integers are bigint,
 * unions unwrapped.
 */
export function packetReader<T>(survey: SurveyName): (bytes: Uint8Array) => T {
  const type = avsc.Type.forSchema(JSON.parse(schemaFor(survey).text) as avsc.Schema, {
    registry: { long },
    wrapUnions: "never",
  });
  return (bytes) => {
    if (survey === "lsst") return type.fromBuffer(Buffer.from(bytes.subarray(5))) as T;
    const [block] = containerBlocks(
      bytes,
      readContainerHeader(bytes, 0, bytes.length),
      bytes.length,
      bytes.length,
    );
    return type.fromBuffer(Buffer.from(bytes.subarray(block.start, block.end))) as T;
  };
}
