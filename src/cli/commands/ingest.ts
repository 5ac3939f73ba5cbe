import { z } from "zod";
import { ingest as ingestFiles } from "../../archive/ingest.ts";
import { FinkError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { ProgressBar } from "../progress.ts";
import { stopSignal } from "../sending.ts";
import { flag, matching } from "../flags.ts";

export const ingest = defineCommand({
  arguments: "PATH…",
  description:
    "Files (.avro, .bin, .parquet), folders of them, and archives (.tar, .tar.gz, .tar.zst, .zip). .avro and .bin may be compressed (.gz, .zst).\nWhat is in the lake already is not added again.",
  example: "./fink ingest ztf_public_20260131.tar.gz",
  flags: z.object({
    survey: flag(
      "NAME",
      "Survey of the alerts, where their schema does not tell",
      matching(/^[a-z][a-z0-9_]*$/, "a survey's name is made of a-z, 0-9 and _"),
    ),
    schemas: flag("DIR", "Folder of <id>.avsc files, for messages in Confluent wire format"),
  }),
  async run(context, paths, { survey, schemas }) {
    if (paths.length === 0)
      throw new FinkError("usage", "ingest needs a path, such as ./fink ingest ./alerts");
    const { config } = context.config({ "schemas.folder": schemas });
    const signal = stopSignal();
    const bar = new ProgressBar(process.stderr, !context.json);
    const counts = await ingestFiles(
      paths,
      config,
      survey,
      {
        progress: ({ bytesDone, bytesTotal, filesDone, filesTotal }, archived) =>
          bar.show(
            bytesDone / Math.max(1, bytesTotal),
            `${filesDone}/${filesTotal} files, ${archived} alerts`,
          ),
        warn: (message) => {
          bar.clear();
          context.warn(message);
        },
      },
      signal,
    );
    bar.clear();
    const seconds = Math.round(counts.seconds * 10) / 10;
    if (context.json) context.print(JSON.stringify({ ...counts, seconds }));
    else
      context.print(
        `archived ${counts.archived}, rejected ${counts.rejected}, duplicates skipped ${counts.duplicates}${counts.passedOver ? `, files passed over ${counts.passedOver}` : ""}, ${seconds} s${signal.aborted ? " (stopped early: run it again to go on)" : ""}`,
      );
    return signal.aborted ? 130 : 0;
  },
});
