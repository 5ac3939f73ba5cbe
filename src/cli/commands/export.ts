import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { urlScheme } from "../../config/keys.ts";
import { defaultKafkaTarget } from "../../config/targets.ts";
import type { Config } from "../../config/schema.ts";
import { surveysOf } from "../../archive/setup.ts";
import { exportRows, type ExportPlace } from "../../delivery/export/export.ts";
import { FinkError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { ProgressBar } from "../progress.ts";
import { stopSignal } from "../sending.ts";
import { flag } from "../flags.ts";

const flags = z.object({
  to: flag("PLACE", "FILE.parquet, .avro, .csv or .vot, or kafka://host:9092/topic"),
  partitions: flag(
    "N",
    "Of a topic that has to be made; fink-client reads 10 at most",
    z.int().positive().max(10).default(4),
  ),
});

const command = defineCommand({
  arguments: "SQL",
  description:
    "Brings the rows of a query to a file, or to a topic as a data transfer that fink-client reads.\nThe same command goes on where it was interrupted.",
  example: `./fink export "SELECT * FROM ztf.alerts WHERE night = 20260131 AND candidate.rb > 0.9" --to kafka://localhost:9092/ftransfer_ztf_good`,
  flags,
  async run(context, [sql], { to, partitions }) {
    const { config } = context.config();
    const place = placeOf(to, partitions, config);
    const bar = new ProgressBar(process.stderr, !context.json);
    const signal = stopSignal();
    const progress = (done: number, total: number) =>
      bar.show(done / Math.max(1, total), `${done} of ${total} rows`);
    try {
      const { rows, before, complete } = await exportRows({
        lake: config.lake,
        surveys: surveysOf(config),
        sql,
        place,
        signal,
        progress,
      });
      bar.clear();
      if (context.json) context.print(JSON.stringify({ rows, before, complete, to }));
      else
        context.print(
          complete
            ? `${rows} rows are in ${to}${before > 0 ? `, ${before} of them from before` : ""}`
            : `stopped after ${rows} rows; the same command goes on`,
        );
      return complete ? 0 : 130;
    } catch (error) {
      if (signal.aborted) return 130;
      throw error;
    } finally {
      bar.clear();
    }
  },
});

export { command as export };

function placeOf(to: string | undefined, partitions: number, config: Config): ExportPlace {
  const [, brokers, topic] =
    /^kafka:\/\/([^/]+:\d{1,5})\/([a-zA-Z0-9._-]{1,240})$/.exec(to ?? "") ?? [];
  if (brokers !== undefined) {
    const { compression, retentionDays } = defaultKafkaTarget;
    const kafka = { ...config.kafka, brokers: brokers.split(",") };
    return {
      kind: "kafka",
      topic,
      options: {
        name: "export",
        kafka,
        givenBy: "--to",
        format: "fink",
        compression,
        partitions,
        retentionDays,
        registration: null,
      },
    };
  }
  const kind = /\.(parquet|avro|csv|vot)$/.exec(to ?? "")?.[1] as "parquet" | undefined;
  if (to === undefined || kind === undefined || urlScheme.test(to))
    throw new FinkError(
      "usage",
      "export needs a place: --to FILE.parquet, .avro, .csv or .vot, or --to kafka://host:9092/topic",
    );
  if (existsSync(to))
    throw new FinkError("usage", `${to} is there already: name another file, or remove it`);
  const file = resolve(to);
  if (!existsSync(dirname(file)))
    throw new FinkError("usage", `there is no folder ${dirname(file)}: make it, or name another`);
  return { kind, file };
}
