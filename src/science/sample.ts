import type { Data, Struct } from "apache-arrow";
import { columnsOf } from "../avro/columns.ts";
import { containerBlocks, ContainerHeaders } from "../avro/container.ts";
import { compileDecoder } from "../avro/decoder.ts";
import { readWireHeader } from "../avro/wire.ts";
import { type Batch, packetsOf } from "../simulator/night/batch.ts";
import { simulateHere } from "../simulator/night/simulate.ts";
import { schemaFor } from "../simulator/packets/schemas.ts";
import type { SurveyName } from "../simulator/survey/telescope.ts";
import { type AlertColumns, alertsOf } from "./alerts.ts";

/** Alerts of a simulated night, the same each time, as the archive decodes them. */
export function sampleAlerts(survey: SurveyName, alerts: number): AlertColumns {
  return alertsOf([sampleColumns(survey, alerts)]);
}

export function sampleColumns(survey: SurveyName, alerts: number): Data<Struct> {
  const schema = survey === "ztf" ? "4.02" : "9.0";
  return decoded(
    simulateHere({ survey, schema, nights: ["2026-09-14"], alerts, seed: 1, rates: {} }),
    schemaFor(survey, schema).text,
  );
}

const maxPacketBytes = 1 << 24;

/** Simulated packets as columns: containers, or data with Confluent's header. */
export function decoded(batches: Iterable<Batch>, schema: string): Data<Struct> {
  const decoder = compileDecoder(schema);
  const headers = new ContainerHeaders();
  for (const batch of batches) {
    for (const packet of packetsOf(batch)) {
      const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
      if (bytes[0] === 0)
        decoder.decode(bytes, readWireHeader(bytes, 0, bytes.length).start, bytes.length);
      else
        for (const block of containerBlocks(
          bytes,
          headers.read(bytes, 0, bytes.length),
          bytes.length,
          maxPacketBytes,
        ))
          decoder.decode(
            Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.byteLength),
            block.start,
            block.end,
          );
    }
  }
  return columnsOf(decoder);
}
