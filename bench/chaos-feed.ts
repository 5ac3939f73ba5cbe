import { setTimeout as sleep } from "node:timers/promises";
import { Producer } from "@platformatic/kafka";
import { packetsOf } from "../src/simulator/night/batch.ts";
import { simulateHere } from "../src/simulator/night/simulate.ts";

export const topic = "ztf_20261010_programid1";
export const partitions = 4;

/** The list that the lake is compared with in the end. */
export interface Fed {
  /** Messages whose send the broker has confirmed. */
  messages: number;
  /** Ids of the alerts, each once. */
  readonly alerts: Set<bigint>;
  /** Alerts that were sent a second time, and messages that are no alerts. */
  again: number;
  damaged: number;
}

/** One alert in so many is sent again later, and one message in so many is damaged. */
const againEvery = 20;
const damagedEvery = 50;

/**
 * Sends until the signal; idempotent, so that a broker that is killed between a message and its
 * confirmation gets no second copy.
 */
export async function feed(broker: string, perSecond: number, signal: AbortSignal): Promise<Fed> {
  const producer = new Producer({
    clientId: "telescope",
    bootstrapBrokers: [broker],
    idempotent: true,
    retries: 100_000,
    retryDelay: 200,
  });
  const fed: Fed = { messages: 0, alerts: new Set(), again: 0, damaged: 0 };
  const perSend = Math.max(1, Math.round(perSecond / 5));
  let waiting: Buffer[] = [];
  const startedAt = performance.now();
  const send = async () => {
    await producer.send({
      messages: waiting.map((value, i) => ({
        topic,
        partition: (fed.messages + i) % partitions,
        value,
      })),
      acks: -1,
    });
    fed.messages += waiting.length;
    waiting = [];
    await sleep(Math.max(0, (fed.messages / perSecond) * 1000 - (performance.now() - startedAt)));
  };
  for (const { id, bytes } of packets()) {
    if (signal.aborted) break;
    fed.alerts.add(id);
    waiting.push(bytes);
    if (fed.alerts.size % againEvery === 0) {
      fed.again++;
      waiting.push(bytes);
    }
    if (fed.alerts.size % damagedEvery === 0) {
      fed.damaged++;
      waiting.push(bytes.subarray(0, bytes.length >> 1));
    }
    if (waiting.length >= perSend) await send();
  }
  if (waiting.length > 0) await send();
  await producer.close();
  return fed;
}

/**
 * Night after night, without an end that anybody reaches; a night is planned whole before its first
 * packet.
 */
function* packets(): Generator<{ id: bigint; bytes: Buffer }> {
  for (let day = 1; day < 29; day++) {
    const nights = [`2026-10-${String(day).padStart(2, "0")}`];
    for (const batch of simulateHere({
      survey: "ztf",
      schema: "4.02",
      nights,
      alerts: 3000,
      seed: 7,
      rates: {},
    })) {
      let i = 0;
      for (const bytes of packetsOf(batch))
        yield { id: batch.alertIds[i++], bytes: Buffer.from(bytes) };
    }
  }
}
