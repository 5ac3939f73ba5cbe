import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Consumer } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { columnsOf } from "../../src/avro/columns.ts";
import { compileDecoder } from "../../src/avro/decoder.ts";
import { messageOf } from "../../src/errors.ts";
import { run } from "../cli/run.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "../kafka/broker.ts";
import { addMatches, alertsIn, fink, makeLake, query, keepFilter } from "./lake.ts";
import { python } from "./python.ts";

const lib = kafkaLib();
const client = python();

describe.skipIf(lib === null || client === null)(
  "what the unmodified fink-client reads",
  { timeout: 120_000 },
  () => {
    let broker: KafkaBroker;
    const folder = mkdtempSync(join(tmpdir(), "fink-client-"));
    let lake = "";
    beforeAll(async () => {
      const started = startKafka(lib!);
      lake = await makeLake(folder, "ztf", 60);
      await makeLake(folder, "lsst", 40);
      broker = await started;
    }, 180_000);
    afterAll(async () => {
      await broker?.destroy();
      rmSync(folder, { recursive: true, force: true });
    });

    const read = async (args: readonly string[]): Promise<Record<string, unknown>[]> => {
      const { stdout, stderr } = await run(client!, [
        join(import.meta.dirname, "read.py"),
        ...args,
      ]);
      const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
      if (lines.length === 0) throw new Error(stderr);
      return lines.map((line) => JSON.parse(line, exactly) as Record<string, unknown>);
    };
    const deliver = (settings: Record<string, string>) =>
      fink(lake, ["start", "delivery", "--once"], {
        FINK_KAFKA_BROKERS: broker.at.PLAINTEXT,
        FINK_LOG_LEVEL: "warn",
        ...settings,
      });

    it.each(["ztf", "lsst"] as const)("of %s has the values that the lake has", async (survey) => {
      await keepFilter(lake, survey, "every_second", { deliver: "kafka" });
      const chosen = (await alertsIn(lake, survey)).filter((_, i) => i % 2 === 0);
      await addMatches(lake, survey, "every_second", chosen);
      await deliver({});
      const topic = `fink_every_second_${survey}`;
      const alerts = await read([
        survey,
        broker.at.SASL_PLAINTEXT,
        topic,
        String(chosen.length),
        "fink",
        "secret",
      ]);
      const id = survey === "ztf" ? "candid" : "diaSourceId";
      expect(alerts.map((alert) => String(alert[id])).toSorted()).toEqual(
        chosen.map((alert) => String(alert.id)).toSorted(),
      );
      const rows = await query(
        lake,
        `SELECT r.*, s.* EXCLUDE (night, ${survey === "ztf" ? "candid, objectId, candidate" : "diaSourceId, diaSource"}) FROM ${survey}.raw r JOIN ${survey}.science s USING (${id})`,
      );
      const byId = new Map(rows.map((row) => [String(row[id]), row]));
      for (const alert of alerts)
        expect(plain(alert)).toEqual(ofAlert(byId.get(String(alert[id]))!));
      expect(Object.keys(alerts[0])).toContain(survey === "ztf" ? "roid" : "lc_features");
    });

    it("in Confluent's wire format and as JSON, where a target is to", async () => {
      const registered: string[] = [];
      const registry = createServer((request, response) => {
        let body = "";
        request
          .on("data", (data) => (body += data))
          .on("end", () => {
            registered.push(`${request.url} ${(JSON.parse(body) as { schema: string }).schema}`);
            response.end(JSON.stringify({ id: 258 }));
          });
      });
      await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
      const { port } = registry.address() as AddressInfo;
      for (const format of ["confluent", "json"])
        await keepFilter(lake, "ztf", format, {
          deliver: format,
          columns: "candid candidate.magpsf",
          topic: format,
        });
      const chosen = (await alertsIn(lake, "ztf")).slice(0, 2);
      for (const format of ["confluent", "json"]) await addMatches(lake, "ztf", format, chosen);
      const targets = {
        confluent: { kind: "kafka", format: "confluent", registry: `http://127.0.0.1:${port}` },
        json: { kind: "kafka", format: "json" },
      };
      await deliver({ FINK_DELIVERY_TARGETS: JSON.stringify(targets) });
      registry.close();
      const expected = await query(
        lake,
        `SELECT candid, candidate.magpsf AS magpsf FROM ztf.alerts WHERE candid IN (${chosen.map(({ id }) => id).join(", ")}) ORDER BY candid`,
      );
      const texts = (await valuesOf(broker.at.PLAINTEXT, "json", 2)).map(
        (value) => JSON.parse(String(value)) as { candid: string; candidate: { magpsf: number } },
      );
      expect(
        texts
          .map(({ candid, candidate }) => ({ candid, ...candidate }))
          .toSorted((a, b) => a.candid.localeCompare(b.candid)),
      ).toEqual(expected);
      const [[subject, schema]] = registered.map((line) => [
        line.slice(0, line.indexOf(" ")),
        line.slice(line.indexOf(" ") + 1),
      ]);
      expect({ subject, count: registered.length }).toEqual({
        subject: "/subjects/confluent-value/versions",
        count: 1,
      });
      const decoder = compileDecoder(schema);
      for (const value of await valuesOf(broker.at.PLAINTEXT, "confluent", 2)) {
        expect([...value.subarray(0, 5)]).toEqual([0, 0, 0, 1, 2]);
        expect(decoder.decode(value, 5, value.length)).toBe(value.length);
      }
      expect(
        [...(columnsOf(decoder).children[0].values as BigInt64Array)].map(String).toSorted(),
      ).toEqual(expected.map(({ candid }) => candid));
    });

    it("over TLS with a password, where a target has them; a wrong password is said, and the matches wait", async () => {
      await keepFilter(lake, "ztf", "secured", {
        deliver: "secured",
        columns: "candid",
        topic: "secured",
      });
      const chosen = (await alertsIn(lake, "ztf")).slice(0, 5);
      await addMatches(lake, "ztf", "secured", chosen);
      const target = (password: string) => {
        const sasl = { mechanism: "SCRAM-SHA-512", username: "fink", password };
        return {
          secured: {
            kind: "kafka",
            brokers: [broker.at.SASL_SSL],
            security: "sasl_ssl",
            tls: { ca: broker.certificates.brokerCert },
            sasl,
          },
        };
      };
      const wrong = await deliver({
        FINK_DELIVERY_TARGETS: JSON.stringify(target("guessed")),
      }).catch(messageOf);
      expect(wrong).toContain("secured");
      expect(wrong).not.toContain("guessed");
      await deliver({ FINK_DELIVERY_TARGETS: JSON.stringify(target("secret")) });
      const alerts = await read(["ztf", broker.at.PLAINTEXT, "secured", "5"]);
      expect(alerts.map(({ candid }) => String(candid)).toSorted()).toEqual(
        chosen.map(({ id }) => String(id)).toSorted(),
      );
    });

    it("only the columns that the header names", async () => {
      await keepFilter(lake, "ztf", "few_columns", {
        deliver: "kafka",
        columns: "objectId candid candidate.jd candidate.magpsf, prv_candidates.jd, roid",
        topic: "few",
      });
      const chosen = (await alertsIn(lake, "ztf")).slice(0, 3);
      await addMatches(lake, "ztf", "few_columns", chosen);
      await deliver({});
      const [alert] = await read(["ztf", broker.at.PLAINTEXT, "few", "3"]);
      expect(Object.keys(alert)).toEqual(
        ["candid", "objectId", "candidate", "prv_candidates", "roid"].sort(
          (a, b) => Object.keys(alert).indexOf(a) - Object.keys(alert).indexOf(b),
        ),
      );
      expect(Object.keys(alert["candidate"] as object)).toEqual(["jd", "magpsf"]);
    });
  },
);

/** The first `count` messages of a topic. */
async function valuesOf(address: string, topic: string, count: number): Promise<Buffer[]> {
  const consumer = new Consumer({
    clientId: "test",
    groupId: `values-${topic}`,
    bootstrapBrokers: [address],
    autocommit: false,
  });
  const stream = await consumer.consume({ topics: [topic], mode: "earliest", maxWaitTime: 200 });
  const values: Buffer[] = [];
  for await (const { value } of stream) if (values.push(value) >= count) break;
  await consumer.close(true);
  return values;
}

/** Integers beyond 2^53 as text, which they are in the output of a query. */
function exactly(_: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" &&
    /^-?\d+$/.test(context?.source ?? "") &&
    !Number.isSafeInteger(value)
    ? context!.source
    : value;
}

/** Without the lake's own columns. */
function ofAlert(row: Record<string, unknown>): unknown {
  return plain(
    Object.fromEntries(
      Object.entries(row).filter(([name]) => !name.startsWith("_") && name !== "night"),
    ),
  );
}

/**
 * A 64-bit integer is text in the output of a query: texts of digits become numbers where that is
 * exact.
 */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  if (typeof value === "string" && /^-?\d+$/.test(value) && Number.isSafeInteger(Number(value)))
    return Number(value);
  return value;
}
