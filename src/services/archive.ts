import { Archiver } from "../archive/archiver.ts";
import { archiverOptions, surveyOfFile, surveyOfTopic } from "../archive/setup.ts";
import { FileSource } from "../sources/files.ts";
import { KafkaSource } from "../sources/kafka.ts";
import type { AlertSource } from "../sources/source.ts";
import type { Service, ServiceContext } from "./service.ts";
import type { ArchiveStatus } from "./status.ts";

/** Takes alerts from Kafka and from watched folders into the lake. */
export const archive: Service = {
  name: "archive",
  async run(context) {
    const { config, lake, log, signal, status } = context;
    const messages = new Map<string, string>();
    const say = (of: string, message: string) => {
      if (messages.get(of) === message) return;
      messages.set(of, message);
      if (message !== "") log.warn(message);
      status({ message: [...messages.values()].filter((m) => m !== "").join("; ") });
    };
    const archiver = new Archiver({
      ...archiverOptions(config, lake),
      onTrouble: (message) => say("lake", message === "" ? "" : `the lake cannot be written, trying again: ${message}`),
      onRejected: (survey, [reason], count) => log.warn(`${count} of ${survey} rejected: ${reason}`),
    });
    const sources = sourcesOf(context, say);
    const report = setInterval(() => void archiveStatus(archiver, sources).then((archive) => status({ archive })), 1000);
    try {
      status({ state: "running" });
      await archiver.run(sources, signal);
    } finally {
      clearInterval(report);
      status({ archive: await archiveStatus(archiver, sources) });
      await archiver.close();
    }
  },
};

function sourcesOf({ config, lake, log, once }: ServiceContext, say: (of: string, message: string) => void): AlertSource[] {
  return config.archive.sources.map((kind) =>
    kind === "kafka"
      ? new KafkaSource({ kafka: config.kafka, surveyOf: surveyOfTopic(config), once, log, onState: (message) => say("kafka", message) })
      : new FileSource({
          paths: config.files.watch,
          surveyOf: surveyOfFile(config, lake),
          onProblem: (error) => log.error(error.message),
          once,
          everySeconds: config.files.everySeconds,
        }),
  );
}

async function archiveStatus(archiver: Archiver, sources: readonly AlertSource[]): Promise<ArchiveStatus> {
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
      .map(({ partition: { source, partition }, position }) => ({ source, partition, position: String(position), lag: lagOf.get(`${source} ${partition}`) ?? null })),
  };
}
