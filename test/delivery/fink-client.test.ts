import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../cli/run.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "../kafka/broker.ts";
import { addMatches, alertsIn, fink, makeLake, query, writeFilter } from "./lake.ts";
import { python } from "./python.ts";

const lib = kafkaLib();
const client = python();

describe.skipIf(lib === null || client === null)("what the unmodified fink-client reads", { timeout: 120_000 }, () => {
  let broker: KafkaBroker;
  const folder = mkdtempSync(join(tmpdir(), "fink-client-"));
  const filters = join(folder, "filters");
  let lake = "";
  beforeAll(async () => {
    const started = startKafka(lib!);
    lake = await makeLake(folder, "ztf", 60);
    await makeLake(folder, "lsst", 40);
    broker = await started;
  }, 120_000);
  afterAll(async () => {
    await broker?.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  const read = async (args: readonly string[]): Promise<Record<string, unknown>[]> => {
    const { stdout, stderr } = await run(client!, [join(import.meta.dirname, "read.py"), ...args]);
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    if (lines.length === 0) throw new Error(stderr);
    return lines.map((line) => JSON.parse(line, exactly) as Record<string, unknown>);
  };
  const deliver = (settings: Record<string, string>) =>
    fink(lake, ["start", "delivery", "--once"], { FINK_FILTERS_FOLDER: filters, FINK_KAFKA_BROKERS: broker.at.PLAINTEXT, FINK_LOG_LEVEL: "warn", ...settings });

  it.each(["ztf", "lsst"] as const)("of %s has the values that the lake has", async (survey) => {
    writeFilter(filters, survey, "every_second", { deliver: "kafka" });
    const chosen = (await alertsIn(lake, survey)).filter((_, i) => i % 2 === 0);
    await addMatches(lake, survey, "every_second", chosen);
    await deliver({});
    const topic = `fink_every_second_${survey}`;
    const alerts = await read([survey, broker.at.SASL_PLAINTEXT, topic, String(chosen.length), "fink", "secret"]);
    const id = survey === "ztf" ? "candid" : "diaSourceId";
    expect(alerts.map((alert) => String(alert[id])).toSorted()).toEqual(chosen.map((alert) => String(alert.id)).toSorted());
    const rows = await query(
      lake,
      `SELECT r.*, s.* EXCLUDE (night, ${survey === "ztf" ? "candid, objectId, candidate" : "diaSourceId, diaSource"}) FROM ${survey}.raw r JOIN ${survey}.science s USING (${id})`,
    );
    const byId = new Map(rows.map((row) => [String(row[id]), row]));
    for (const alert of alerts) expect(plain(alert)).toEqual(ofAlert(byId.get(String(alert[id]))!));
    expect(Object.keys(alerts[0])).toContain(survey === "ztf" ? "roid" : "lc_features");
  });

  it("only the columns that the header names", async () => {
    writeFilter(filters, "ztf", "few_columns", {
      deliver: "kafka",
      columns: "objectId candid candidate.jd candidate.magpsf, prv_candidates.jd, roid",
      topic: "few",
    });
    const chosen = (await alertsIn(lake, "ztf")).slice(0, 3);
    await addMatches(lake, "ztf", "few_columns", chosen);
    await deliver({});
    const [alert] = await read(["ztf", broker.at.PLAINTEXT, "few", "3"]);
    expect(Object.keys(alert)).toEqual(
      ["candid", "objectId", "candidate", "prv_candidates", "roid"].sort((a, b) => Object.keys(alert).indexOf(a) - Object.keys(alert).indexOf(b)),
    );
    expect(Object.keys(alert["candidate"] as object)).toEqual(["jd", "magpsf"]);
  });
});

/** Integers beyond 2^53 as text, which they are in the output of a query. */
function exactly(_: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" && /^-?\d+$/.test(context?.source ?? "") && !Number.isSafeInteger(value) ? context!.source : value;
}

/** Without the lake's own columns. */
function ofAlert(row: Record<string, unknown>): unknown {
  return plain(Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith("_") && name !== "night")));
}

/** A 64-bit integer is text in the output of a query: texts of digits become numbers where that is exact. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  if (typeof value === "string" && /^-?\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  return value;
}
