import type { Config } from "../config/schema.ts";
import { Archiver } from "../archive/archiver.ts";
import { archiverOptions, surveyOfFile, surveyOfTopic } from "../archive/setup.ts";
import { FileSource } from "../sources/files.ts";
import { KafkaSource } from "../sources/kafka.ts";
import type { AlertSource } from "../sources/source.ts";
import { periodically, Troubles } from "./periodic.ts";
import type { Service, ServiceContext } from "./service.ts";
import type { ArchiveStatus } from "./status.ts";

/** Takes alerts from Kafka and from watched folders into the lake. */
export const archive: Service = {
  name: "archive",
  run: (context) => runArchive(context, sourcesOf),
};

/** Tells the status what is wrong; an empty message ends that. */
type Say = (about: "kafka" | "lake", message: string) => void;

/** Archives what the sources give until they end or the service is stopped. */
export async function runArchive(
  context: ServiceContext,
  open: (context: ServiceContext, say: Say) => AlertSource[],
): Promise<void> {
  const { config, lake, log, signal, status } = context;
  const say = speaker(context);
  const troubles = new Troubles(context);
  const archiver = new Archiver({
    ...archiverOptions(config, lake, watchedBy(config)),
    onTrouble: (message) => {
      say("lake", message === "" ? "" : `the lake cannot be written, trying again: ${message}`);
      troubles.say("write the lake", message);
    },
    onRejected: (survey, [reason], count) => log.warn(`${count} of ${survey} rejected: ${reason}`),
  });
  const sources = open(context, say);
  const report = async () => status({ archive: await archiveStatus(archiver, sources) });
  const reports = periodically(troubles, 1000, "report", report);
  try {
    status({ state: "running" });
    await archiver.run(sources, signal);
  } finally {
    await reports.end();
    await archiver.close();
  }
}

function watchedBy({ archive: { sources }, files }: Config): readonly string[] {
  return sources.includes("files") ? files.watch : [];
}

function speaker({ log, status }: ServiceContext): Say {
  const messages = new Map<string, string>();
  return (about, message) => {
    if ((messages.get(about) ?? "") === message) return;
    messages.set(about, message);
    // the Kafka source writes its own lines
    if (message !== "" && about === "lake") log.warn(message);
    status({ message: [...messages.values()].filter((m) => m !== "").join("; ") });
  };
}

function sourcesOf({ config, lake, log, once }: ServiceContext, say: Say): AlertSource[] {
  return config.archive.sources.map((kind) =>
    kind === "kafka"
      ? new KafkaSource({
          kafka: config.kafka,
          surveyOf: surveyOfTopic(config),
          once,
          log,
          onState: (message) => say("kafka", message),
        })
      : new FileSource({
          paths: config.files.watch,
          surveyOf: surveyOfFile(archiverOptions(config, lake, watchedBy(config))),
          onProblem: (error) => log.error(error.message),
          once,
          everySeconds: config.files.everySeconds,
        }),
  );
}

async function archiveStatus(
  archiver: Archiver,
  sources: readonly AlertSource[],
): Promise<ArchiveStatus> {
  const lags = (await Promise.all(sources.map((s) => s.lag().catch(() => [])))).flat();
  const lagOf = new Map(lags.map((l) => [`${l.source} ${l.partition}`, l.lag]));
  const known = lags.flatMap((l) => (l.lag === null ? [] : [l.lag]));
  const { meter } = archiver;
  return {
    received: meter.received,
    archived: meter.archived,
    rejected: meter.rejected,
    duplicates: archiver.duplicates,
    receivedBytes: meter.receivedBytes,
    ...meter.rates(),
    lag: known.length === 0 ? null : known.reduce((a, b) => a + b, 0),
    latencyMs: meter.latency(),
    lastCommit: archiver.lastCommit,
    sources: [...archiver.positions.values()]
      .slice(-1000)
      .map(({ partition: { source, partition }, position }) => ({
        source,
        partition,
        position: String(position),
        lag: lagOf.get(`${source} ${partition}`) ?? null,
      })),
  };
}
