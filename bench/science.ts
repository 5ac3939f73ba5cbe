import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ingest } from "../src/archive/ingest.ts";
import { surveysOf } from "../src/archive/setup.ts";
import { configSchema } from "../src/config/schema.ts";
import type { Outcome } from "../src/science/compute.ts";
import { ScienceTable } from "../src/science/follow.ts";
import { SciencePool } from "../src/science/pool.ts";
import { createLogger } from "../src/log.ts";
import { runArchive } from "../src/services/archive.ts";
import { science as scienceService } from "../src/services/science.ts";
import type { Service, StatusChange } from "../src/services/service.ts";
import { supervise } from "../src/services/supervise.ts";
import { SimulatedSource } from "../src/simulator/source.ts";
import { packetsOf } from "../src/simulator/night/batch.ts";
import { simulateHere } from "../src/simulator/night/simulate.ts";

export interface ScienceSpeed {
  readonly alerts: number;
  readonly perSecond: number;
  /** Of all threads: what two cores could do if nothing else ran on them is 2,000 divided by it. */
  readonly cpuMsPerAlert: number;
  readonly microsecondsPerAlert: readonly (readonly [module: string, microseconds: number])[];
}

/**
 * raw → science of simulated ZTF alerts with 30 days of history, by threads that are warm, commits
 * included.
 */
export async function benchScience(alerts: number, workers: number): Promise<ScienceSpeed> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-science-"));
  try {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    await simulated(first, alerts);
    cpSync(first, second, { recursive: true });
    const config = configSchema.parse({
      lake: first,
      science: { workers, modules: join(folder, "none") },
    });
    const surveys = surveysOf(config);
    const pool = new SciencePool({ lake: first, config: config.science }, surveys.all);
    await followed(new ScienceTable(first, surveys.named("ztf")), pool);
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    const outcomes = await followed(new ScienceTable(second, surveys.named("ztf")), pool);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    await pool.close();
    const byModule = Map.groupBy(outcomes, ({ name }) => name);
    const micros = [...byModule].map(
      ([name, of]) =>
        [
          name,
          (1000 * of.reduce((sum, { milliseconds }) => sum + milliseconds, 0)) / alerts,
        ] as const,
    );
    return {
      alerts,
      perSecond: alerts / seconds,
      cpuMsPerAlert: (user + system) / 1000 / alerts,
      microsecondsPerAlert: micros.sort((a, b) => b[1] - a[1]),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface ScienceLatency {
  readonly alerts: number;
  /** Published → committed in `raw`, and in `science`; ms. */
  readonly archived: number;
  readonly computed: number;
}

/** The services archive and science in one process, fed at a steady rate. */
export async function benchScienceLatency(
  perSecond: number,
  seconds: number,
): Promise<ScienceLatency> {
  const lake = mkdtempSync(join(tmpdir(), "fink-bench-latency-"));
  const stop = new AbortController();
  const said = new Map<string, StatusChange>();
  const listening = (service: Service): Service => ({
    ...service,
    run: (own) =>
      service.run({
        ...own,
        status: (change) => (
          said.set(service.name, { ...said.get(service.name), ...change }),
          own.status(change)
        ),
      }),
  });
  const night = { nights: ["2026-10-10"], seed: 1, alerts: perSecond * seconds, rates: {} };
  const source = () => [
    new SimulatedSource({ survey: "ztf", schema: "4.02", ...night }, perSecond),
  ];
  const services = [
    { name: "archive", run: (own) => runArchive(own, source) } as Service,
    scienceService,
  ].map(listening);
  setTimeout(() => stop.abort(), (seconds + 5) * 1000);
  await supervise(
    services.map((service) => ({ service, name: service.name })),
    {
      config: configSchema.parse({ lake }),
      once: false,
      log: createLogger("error"),
      signal: stop.signal,
    },
  );
  rmSync(lake, { recursive: true });
  const stage = said.get("science")?.stage;
  return {
    alerts: stage?.done ?? 0,
    archived: said.get("archive")?.archive?.latencyMs?.p50 ?? NaN,
    computed: stage?.latencyMs?.p50 ?? NaN,
  };
}

async function followed(table: ScienceTable, pool: SciencePool): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (;;) {
    const progress = await table.step((kind, job) => pool.run(kind, job), 2000);
    if (progress === null) return outcomes;
    outcomes.push(...progress.outcomes);
  }
}

async function simulated(lake: string, alerts: number): Promise<void> {
  const packets = `${lake}-packets`;
  mkdirSync(packets);
  let made = 0;
  for (const batch of simulateHere({
    survey: "ztf",
    schema: "4.02",
    nights: ["2026-10-10"],
    alerts,
    seed: 1,
    rates: {},
  })) {
    for (const bytes of packetsOf(batch)) writeFileSync(join(packets, `${made++}.avro`), bytes);
  }
  const config = configSchema.parse({ lake });
  await ingest([packets], config, undefined, { warn: console.warn }, new AbortController().signal);
  rmSync(packets, { recursive: true });
}
