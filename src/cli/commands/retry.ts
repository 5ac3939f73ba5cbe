import { z } from "zod";
import { widenUpToBytes } from "../../archive/archiver.ts";
import { defineCommand } from "../command.ts";
import { retryAndReport } from "../retrying.ts";
import { flag } from "../flags.ts";

export const retry = defineCommand({
  arguments: "",
  description:
    "Reads again what waits in the rejected tables, after a schema, a survey definition or a type was mended. Safe while the archive runs.",
  example: "./fink retry --survey lsst --code schema",
  flags: z.object({
    survey: flag("NAME", "Only what waits in this survey's table"),
    code: flag("CODE", "Only what waits for this reason: avro, schema, type-conflict …"),
    schemas: flag("DIR", "Folder of <id>.avsc files, for messages in Confluent wire format"),
  }),
  async run(context, _, { survey, code, schemas }) {
    await retryAndReport(context, { survey, code, widenUpToBytes }, { "schemas.folder": schemas });
  },
});
