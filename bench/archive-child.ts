// One archive service in a process of its own, so that its CPU and memory are its own. Told by the
// parent what to read; prints a line of JSON.
import { Archiver } from "../src/archive/archiver.ts";
import { archiverOptions, surveyOfTopic } from "../src/archive/setup.ts";
import { configSchema } from "../src/config/schema.ts";
import { createLogger } from "../src/log.ts";
import { KafkaSource } from "../src/sources/kafka.ts";

const { broker, topic, lake, alerts, workers, batchAlerts } = JSON.parse(
  process.argv[2],
) as ChildTask;

export interface ChildTask {
  readonly broker: string;
  readonly topic: string;
  readonly lake: string;
  /** Ends after so many are committed. */
  readonly alerts: number;
  readonly workers: number;
  readonly batchAlerts: number;
}

export interface ChildResult {
  readonly archived: number;
  readonly rejected: number;
  readonly seconds: number;
  readonly megabytes: number;
  readonly cpuMsPerAlert: number;
  readonly peakRssMegabytes: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
}

const config = configSchema.parse({
  lake,
  kafka: { brokers: [broker], topics: [topic], discoverSeconds: 1 },
  archive: { workers, batchAlerts },
});
const done = new AbortController();
const archiver = new Archiver({
  ...archiverOptions(config, lake),
  onTrouble: (m) => m && console.error(m),
});
const source = new KafkaSource({
  kafka: config.kafka,
  surveyOf: surveyOfTopic(config),
  log: createLogger("warn"),
});
let started = { at: 0, cpu: process.cpuUsage() };
let ended = { at: 0, cpu: process.cpuUsage() };
const watch = setInterval(() => {
  const { meter } = archiver;
  if (started.at === 0 && meter.received > 0)
    started = { at: performance.now(), cpu: process.cpuUsage() };
  if (meter.archived + meter.rejected < alerts || ended.at !== 0) return;
  ended = { at: performance.now(), cpu: process.cpuUsage(started.cpu) };
  done.abort();
}, 5);
console.log("ready");
await archiver.run([source], done.signal);
clearInterval(watch);
const { meter } = archiver;
const result: ChildResult = {
  archived: meter.archived,
  rejected: meter.rejected,
  seconds: (ended.at - started.at) / 1000,
  megabytes: meter.receivedBytes / 1e6,
  cpuMsPerAlert: (ended.cpu.user + ended.cpu.system) / 1000 / meter.archived,
  peakRssMegabytes: process.resourceUsage().maxRSS / 1000,
  latencyMs: meter.latency(),
};
await archiver.close();
console.log(JSON.stringify(result));
process.exit(0);
