import { dirname, join, resolve } from "node:path";
import { FinkError } from "../../errors.ts";
import type { KafkaConfig } from "../../sources/kafka-connection.ts";
import { archivesTarget } from "./archives.ts";
import { filesTarget, openFolder } from "./files.ts";
import { kafkaTarget, topicOf } from "./kafka.ts";
import type { Target } from "./target.ts";

/** What `--to` says. */
export type Destination =
  | { readonly kind: "folder" | "archives"; readonly folder: string }
  | { readonly kind: "archive"; readonly path: string; readonly folder: string }
  | { readonly kind: "kafka"; readonly brokers: readonly string[]; readonly topic: string };

/** Of Kafka only. */
export interface KafkaSettings {
  readonly kafka: KafkaConfig;
  readonly partitions: number;
  readonly times: "original" | "now";
}

const forms = "a folder, a .tar.gz or kafka://host:9092/topic";

/** Throws FinkError "usage" for what is no place for packets. */
export function parseDestination(to: string, isArchived: boolean): Destination {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(to)?.[1].toLowerCase();
  if (scheme === "kafka") return kafkaDestination(to);
  if (scheme !== undefined || to === "")
    throw new FinkError("usage", `--to ${JSON.stringify(to)}: write ${forms}`);
  const path = resolve(to);
  if (/\.(tar\.gz|tgz)$/i.test(to)) return { kind: "archive", path, folder: dirname(path) };
  return { kind: isArchived ? "archives" : "folder", folder: path };
}

function kafkaDestination(to: string): Destination {
  const [, brokers = "", topic = ""] = /^kafka:\/\/([^/]*)\/?(.*)$/i.exec(to) ?? [];
  const addresses = brokers.split(",");
  const wrong = addresses.find((address) => !/^.+:\d{1,5}$/.test(address));
  if (wrong !== undefined)
    throw new FinkError(
      "usage",
      `--to ${to}: ${JSON.stringify(wrong)} is no broker; write kafka://host:9092/topic`,
    );
  // Kafka's own rule for names
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(topicOf(topic, { survey: "ztf", night: "20260101" }))) {
    throw new FinkError(
      "usage",
      `--to ${to}: ${JSON.stringify(topic)} is no topic; write one such as {survey}_{date}_programid1`,
    );
  }
  return { kind: "kafka", brokers: addresses, topic };
}

/** Looks at the place before any work is done, and makes what is missing. */
export async function openTarget(
  destination: Destination,
  { kafka, ...settings }: KafkaSettings,
): Promise<Target> {
  if (destination.kind === "kafka") {
    const { brokers, topic } = destination;
    return await kafkaTarget({ ...settings, topic, kafka: { ...kafka, brokers: [...brokers] } });
  }
  const { folder } = destination;
  openFolder(folder);
  if (destination.kind === "folder") return filesTarget(folder);
  return archivesTarget(
    destination.kind === "archive"
      ? () => destination.path
      : ({ survey, night }) => join(folder, `${survey}_${night}.tar.gz`),
  );
}
