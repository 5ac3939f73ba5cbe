import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { packetsOf } from "../src/simulator/night/batch.ts";
import { simulateHere } from "../src/simulator/night/simulate.ts";
import { startKafka } from "../test/kafka/broker.ts";
import { createTopic } from "../test/kafka/topics.ts";
import { lakeOf, linked } from "./api-lake.ts";
import { quantile, serve } from "./api.ts";
import { produce, startService, topic } from "./delivery.ts";

export interface FreshFigures {
  readonly asked: number;
  /** From sent to Kafka to seen on the object's page, ms. */
  readonly p50: number;
  readonly p99: number;
  /** Alerts that were not there after a minute. */
  readonly missing: number;
}

const eyes = 2;
const everyMs = 200;

/**
 * Kafka → archive → the route of the object's page, archive and ui each in its own process, on a
 * copy of the kept lake: how long until an alert is there.
 */
export async function benchFresh(
  kafkaLib: string,
  alerts: number,
  folder: string,
  perSecond: number,
  seconds: number,
): Promise<FreshFigures> {
  const built = await lakeOf(alerts, folder);
  const lake = `${built.lake}.${process.pid}`;
  linked(built.lake, lake);
  const kafka = await startKafka(kafkaLib);
  const broker = kafka.at.PLAINTEXT;
  const archive = startService("archive", {
    FINK_LAKE: lake,
    FINK_KAFKA_BROKERS: broker,
    FINK_KAFKA_TOPICS: topic,
    FINK_LOG_LEVEL: "warn",
  });
  const server = await serve(lake);
  try {
    await createTopic(broker, topic, 8);
    const packets: { id: string; object: string; bytes: Buffer }[] = [];
    for (const batch of simulateHere({
      survey: "ztf",
      schema: "4.02",
      nights: ["2026-10-10"],
      alerts: perSecond * seconds + 200,
      seed: 5,
      rates: {},
    })) {
      let i = 0;
      for (const bytes of packetsOf(batch))
        packets.push({
          id: String(batch.alertIds[i]),
          object: batch.objectIds[i++],
          bytes: Buffer.from(bytes),
        });
    }
    const pageOf = (object: string) => `${server.url}/api/pages/object/ztf/${object}`;
    const first = packets.splice(0, 200);
    await produce(broker, first, 100);
    // the archive has found its topic, which was made after it started
    await isSeen(pageOf(first[199].object), first[199].id);
    const sentAt = new Map<string, number>();
    const delays: number[] = [];
    let missing = 0;
    let isFed = false;
    const look = async () => {
      while (!isFed) {
        const newest = packets[sentAt.size - 1];
        const at = newest && sentAt.get(newest.id);
        if (at === undefined) await sleep(everyMs);
        else if (await isSeen(pageOf(newest.object), newest.id)) delays.push(Date.now() - at);
        else missing++;
      }
    };
    const feed = produce(broker, packets, perSecond, sentAt).then(() => (isFed = true));
    await Promise.all([feed, ...Array.from({ length: eyes }, look)]);
    return {
      asked: delays.length + missing,
      p50: quantile(delays, 0.5),
      p99: quantile(delays, 0.99),
      missing,
    };
  } finally {
    archive.kill("SIGKILL");
    await server.stop();
    await kafka.destroy();
    rmSync(lake, { recursive: true, force: true });
  }
}

async function isSeen(url: string, alert: string): Promise<boolean> {
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(everyMs)) {
    const response = await fetch(url);
    if ((await response.text()).includes(`"${alert}"`)) return true;
  }
  return false;
}
