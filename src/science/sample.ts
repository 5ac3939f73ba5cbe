import type { Data, Struct } from "apache-arrow";
import { containerBlocks, ContainerHeaders } from "../avro/container.ts";
import { columnsOf } from "../avro/columns.ts";
import { compileDecoder } from "../avro/decoder.ts";
import { readWireHeader } from "../avro/wire.ts";
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
  const decoder = compileDecoder(schemaFor(survey, schema).text);
  const headers = new ContainerHeaders();
  for (const { bytes, ends } of simulateHere({ survey, schema, nights: ["2026-09-14"], alerts, seed: 1, rates: {} })) {
    const packets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    ends.forEach((end, i) => {
      const start = i === 0 ? 0 : ends[i - 1];
      if (packets[start] === 0) return decoder.decode(packets, readWireHeader(packets, start, end).start, end);
      for (const block of containerBlocks(packets, headers.read(packets, start, end), end, maxPacketBytes)) {
        decoder.decode(Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.byteLength), block.start, block.end);
      }
    });
  }
  return columnsOf(decoder);
}

const maxPacketBytes = 1 << 24;
