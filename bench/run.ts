// ./fink bench [NAME…]: prints figures, and each as a multiple of a reference loop beside the
// checked-in baseline.
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kafkaLib } from "../test/kafka/broker.ts";
import { meanBytes, ztfSample } from "./alerts.ts";
import { type Asked, benchReaders, benchReads, wanted as wantedMs } from "./api.ts";
import { benchLatency, benchThroughput } from "./archive.ts";
import { benchChaos } from "./chaos.ts";
import { benchCrossmatch } from "./crossmatch.ts";
import { benchDelivery } from "./delivery.ts";
import { benchDecode, median } from "./decode.ts";
import { benchFilters } from "./filters.ts";
import { benchLog } from "./log.ts";
import { benchOutage } from "./outage.ts";
import { benchFresh } from "./fresh.ts";
import { benchPlaces } from "./places.ts";
import { referenceLoopsPerSecond } from "./reference-loop.ts";
import { benchScience, benchScienceLatency } from "./science.ts";
import { benchScores } from "./scores.ts";
import { benchSimulation, benchVisit } from "./simulate.ts";
import { benchSoak, type SoakMinute } from "./soak.ts";

const baselineFile = join(import.meta.dirname, "baseline.json");
const baseline = JSON.parse(readFileSync(baselineFile, "utf8")) as Record<string, number>;
const isSaving = process.argv.includes("--save");
const flag = (name: string) =>
  process.argv.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
const wanted = process.argv.slice(2).filter((a) => !a.startsWith("--"));
const lakes = flag("lakes") ?? join(tmpdir(), "fink-bench");
const apiSizes = (flag("alerts") ?? "100000,1000000,3000000").split(",").map(Number);
const measured: Record<string, number> = {};

const benches: Record<string, () => Promise<void>> = {
  api,
  readers,
  fresh,
  decode,
  simulate,
  archive,
  latency,
  crossmatch,
  places,
  science,
  outage,
  filters,
  delivery,
  scores,
  log,
  soak,
  chaos,
};
const unknown = wanted.find((name) => !(name in benches));
if (unknown !== undefined)
  throw new Error(`there is no bench ${unknown}; there are ${Object.keys(benches).join(", ")}`);
for (const [name, bench] of Object.entries(benches))
  if (
    wanted.includes(name) ||
    (wanted.length === 0 && !["api", "readers", "outage", "log", "soak", "chaos"].includes(name))
  )
    await bench(); // they make lakes first
if (isSaving)
  writeFileSync(baselineFile, `${JSON.stringify({ ...baseline, ...measured }, null, 2)}\n`);
process.exit(0);

async function decode(): Promise<void> {
  const loops = referenceLoopsPerSecond();
  const { name, ours, fastavro } = benchDecode();
  print("decode", `${name}: ${round(ours)} alerts per CPU second`);
  if (fastavro === null)
    print("", "fastavro: not compared (set FINK_PYTHON to a Python that has it)");
  else
    print(
      "",
      `fastavro ${round(fastavro)} alerts per CPU second: ours is ${(ours / fastavro).toFixed(1)} × as fast (wanted: 8)`,
    );
  compare("decode.alertsPerLoop", ours / loops);
}

async function simulate(): Promise<void> {
  for (const survey of ["ztf", "lsst"] as const) {
    const loops = referenceLoopsPerSecond();
    const {
      perSecond,
      secondsToFirst,
      cpuMsPerAlert,
      meanBytes: bytes,
      peakRssMegabytes,
    } = await benchSimulation(survey, 20_000, 2);
    print(
      "simulate",
      `${survey}, 2 threads: ${round(perSecond)} packets/s of ${round(bytes / 1000)} KB (wanted: 2,000), the first after ${secondsToFirst.toFixed(1)} s, ${cpuMsPerAlert.toFixed(2)} CPU-ms an alert in all, RSS ${round(peakRssMegabytes)} MB`,
    );
    compare(`simulate.${survey}.alertsPerLoop`, 1000 / cpuMsPerAlert / loops);
  }
  print(
    "",
    `an LSST visit of 10,000 alerts, 2 threads: ${(await benchVisit(10_000, 2)).toFixed(1)} s (wanted: 5)`,
  );
}

async function archive(): Promise<void> {
  const lib = kafkaLib();
  if (!lib) return print("archive", "skipped: no Kafka jars");
  const sample = ztfSample();
  print(
    "archive",
    `Kafka → lake, ${sample.name}, mean ${round(meanBytes(sample) / 1000)} KB, broker on the same machine`,
  );
  for (const workers of [1, 2]) {
    const loops = referenceLoopsPerSecond();
    const runs = await benchThroughput(lib, 20_000, 3, workers);
    for (const r of runs) {
      const rate = r.archived / r.seconds;
      print(
        "",
        `${workers} worker: ${round(rate)} alerts/s, ${round(r.megabytes / r.seconds)} MB/s, ${r.cpuMsPerAlert.toFixed(2)} CPU-ms an alert, peak RSS ${round(r.peakRssMegabytes)} MB`,
      );
    }
    compare(
      `archive.${workers}worker.alertsPerLoop`,
      median(runs.map((r) => 1000 / r.cpuMsPerAlert)) / loops,
    );
  }
  print("", "wanted: 3,000 alerts/s, 0.5 CPU-ms, 1,200 MB");
}

async function latency(): Promise<void> {
  const lib = kafkaLib();
  if (!lib) return print("latency", "skipped: no Kafka jars");
  const { latencyMs, archived, cpuMsPerAlert } = await benchLatency(lib, 250, 60);
  print(
    "latency",
    `published → committed at 250 alerts/s, ${archived} alerts, trigger 1 s: p50 ${latencyMs?.p50} ms, p99 ${latencyMs?.p99} ms, ${cpuMsPerAlert.toFixed(2)} CPU-ms an alert (wanted: 1,200 and 3,000 ms)`,
  );
}

async function crossmatch(): Promise<void> {
  const loops = referenceLoopsPerSecond();
  const [sources, alerts] = [10_000_000, 10_000];
  const { seconds, matched } = benchCrossmatch(sources, alerts);
  print(
    "match",
    `${round(alerts)} alerts with ${round(sources)} sources: ${(seconds * 1000).toFixed(0)} ms, ${round(matched)} matched (wanted: 1,000 ms)`,
  );
  compare("crossmatch.alertsPerLoop", alerts / seconds / loops);
}

async function places(): Promise<void> {
  const loops = referenceLoopsPerSecond();
  for (const { name, readSeconds, microsecondsPerAlert, selected } of await benchPlaces(
    100_000,
    50_000,
  )) {
    print(
      "places",
      `${name === "on_watchlist" ? "watch list of 100,000 entries" : "area of 300 cones in pixels of order 9"}: ${microsecondsPerAlert.toFixed(2)} µs an alert (wanted: 100), read in ${readSeconds.toFixed(1)} s, ${round(selected)} of 50,000 alerts there`,
    );
    compare(`places.${name}.alertsPerLoop`, 1e6 / microsecondsPerAlert / loops);
  }
}

async function science(): Promise<void> {
  const loops = referenceLoopsPerSecond();
  const { alerts, perSecond, cpuMsPerAlert, microsecondsPerAlert } = await benchScience(4000, 2);
  print(
    "science",
    `raw → science of ${round(alerts)} simulated ZTF alerts, 2 threads: ${round(perSecond)} alerts/s, ${cpuMsPerAlert.toFixed(2)} CPU-ms an alert, so ${round(2000 / cpuMsPerAlert)} alerts/s on two free cores (wanted: 2,500)`,
  );
  print(
    "",
    microsecondsPerAlert
      .map(([name, microseconds]) => `${name} ${microseconds.toFixed(1)}`)
      .join(", ") + " µs an alert",
  );
  compare("science.alertsPerLoop", 1000 / cpuMsPerAlert / loops);
  const latency = await benchScienceLatency(250, 20);
  print(
    "",
    `archive and science in one process at 250 alerts/s, ${round(latency.alerts)} alerts: p50 from published ${latency.archived} ms to raw, ${latency.computed} ms to science (wanted: at most 1,000 ms more)`,
  );
}

async function outage(): Promise<void> {
  const {
    alerts,
    downSeconds,
    seconds,
    idleSeconds,
    cpuSeconds,
    peakRssMegabytes,
    requests,
    waiting,
    found,
  } = await benchOutage(Number(flag("alerts") ?? 50_000));
  const rate = alerts / (seconds - idleSeconds);
  print(
    "outage",
    `five services down: ${round(alerts)} alerts had their row after ${downSeconds.toFixed(0)} s. Back: no answer for ${idleSeconds.toFixed(0)} s (the longest pause), all complete after ${seconds.toFixed(0)} s, ${waiting} wait, ${round(found)} found in VSX (of ${round(alerts / 10)})`,
  );
  print(
    "",
    `${round(rate)} alerts/s, ${((1000 * cpuSeconds) / alerts).toFixed(2)} CPU-ms an alert, ${requests} requests, peak RSS ${round(peakRssMegabytes)} MB`,
  );
  const hour = 250 * 3600;
  const cpu = (cpuSeconds / alerts) * hour;
  if (alerts < 900_000)
    print(
      "",
      `an hour at 250 alerts/s is ${round(hour)} alerts: ${round(idleSeconds + hour / rate)} s at this rate, ${round(idleSeconds + cpu)} s with a core of its own for the ${round(cpu)} CPU-s (wanted: 600)`,
    );
}

async function delivery(): Promise<void> {
  const lib = kafkaLib();
  if (!lib) return print("delivery", "skipped: no Kafka jars");
  const [steady, burst] = await benchDelivery(lib, {
    perSecond: 250,
    seconds: 20,
    burst: 10_000,
    oneIn: 10,
  });
  const cpu = Object.entries(steady.cpuMs).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
  print(
    "delivery",
    `Kafka → filter's topic at 250 alerts/s, ${steady.delivered} delivered: p50 ${steady.p50} ms, p99 ${steady.p99} ms (wanted: 2,000 and 5,000 ms)`,
  );
  print("", `CPU-ms an alert: ${cpu.join(", ")}`);
  print(
    "",
    `a burst of 10,000 alerts, ${burst.delivered} delivered, the last ${(burst.afterLastMs / 1000).toFixed(1)} s after the last came in (wanted: 10 s)`,
  );
}

async function scores(): Promise<void> {
  const costs = await benchScores({ ztf: 2000, lsst: 200 });
  if (costs.length === 0) return print("scores", "skipped: no models (./fink model add)");
  for (const { module, alerts, seen, milliseconds, failure } of costs) {
    const micros = (of: number) => `${((1000 * milliseconds) / of).toFixed(0)} CPU-µs`;
    const cost = `${micros(alerts)} an alert${seen > 0 ? `, ${micros(seen)} one that is scored` : ""}`;
    print(
      "scores",
      `${module}: ${failure ?? `its model saw ${seen} of ${alerts} alerts (${((100 * seen) / alerts).toFixed(1)} %); ${cost}`}`,
    );
  }
}

async function api(): Promise<void> {
  print(
    "api",
    "reads through the ui service; lakes of 30 nights whose history is left out, images of 1 KB but for 5,000 whole alerts",
  );
  for (const alerts of apiSizes) {
    print("", `${round(alerts)} alerts: p50, p95 (wanted), CPU-ms of the service`);
    for (const [what, { p50, p95, cpu }] of Object.entries(await benchReads(alerts, lakes))) {
      print(
        "",
        `  ${what.padEnd(21)} ${round(p50)}, ${round(p95)} (${wantedMs[what as Asked]}), ${cpu.toFixed(1)}`,
      );
      measured[`api.${alerts}.${what}.cpuMs`] = Math.round(cpu * 10) / 10;
    }
  }
}

async function readers(): Promise<void> {
  const lib = kafkaLib();
  let latencyMs: string = "no archive beside them: no Kafka jars";
  const beside = async (lake: string) => {
    if (lib)
      latencyMs = `archive beside them at 250 alerts/s: p99 ${(await benchLatency(lib, 250, 60, lake)).latencyMs?.p99} ms (wanted: 3,000)`;
  };
  const { requests, errors, p95, cpu, rssMegabytes } = await benchReaders(
    1_000_000,
    lakes,
    60,
    beside,
  );
  print(
    "readers",
    `200 for 60 s: ${round(requests)} requests, ${errors} errors, p95 ${round(p95)} ms, ${cpu.toFixed(1)} CPU-ms each, RSS ${round(rssMegabytes)} MB`,
  );
  print("", latencyMs);
}

async function fresh(): Promise<void> {
  const lib = kafkaLib();
  if (!lib) return print("fresh", "skipped: no Kafka jars");
  const { asked, p50, p99, missing } = await benchFresh(lib, 1_000_000, lakes, 250, 60);
  print(
    "fresh",
    `published → on its object's page at 250 alerts/s, beside 1,000,000: p50 ${p50} ms, p99 ${p99} ms of ${asked}, ${missing} missing (wanted: 3,000 ms)`,
  );
}

async function log(): Promise<void> {
  print("log", "CPU ms to open a table and to commit (wanted: 300 and 1, flat); of a checkpoint");
  for (const at of benchLog([5000, 40_000, 250_000])) {
    const { commits, liveFiles, tombstones } = at;
    print(
      "",
      `${round(commits)} commits, ${round(liveFiles)} files, ${round(tombstones)} tombstones: ` +
        `open ${round(at.open)}, commit ${at.commit.toFixed(2)}, checkpoint ${round(at.checkpoint)}`,
    );
  }
}

async function soak(): Promise<void> {
  const lib = kafkaLib();
  if (!lib) return print("soak", "skipped: no Kafka jars");
  const minutes = Number(flag("minutes") ?? 30);
  print(
    "soak",
    `start all for ${minutes} minutes at 100 alerts/s of ZTF, a browser on the first page, one SQL query a second`,
  );
  const onMinute = ({ minute, rss, peakRss, archived, cpuSeconds }: SoakMinute) =>
    print(
      "",
      `minute ${minute}: RSS ${round(rss)} MB (peak ${round(peakRss)}), ${round(archived)} archived, ${round(cpuSeconds)} CPU-s`,
    );
  const result = await benchSoak(lib, { minutes, perSecond: 100, onMinute });
  const at = (minute: number) => result.minutes[Math.min(minute, result.minutes.length) - 1];
  const [early, last] = [at(5), at(minutes)];
  print(
    "",
    `RSS after five minutes ${round(early.rss)} MB, at the end ${round(last.rss)} MB: ${(last.rss / early.rss).toFixed(2)} × (wanted: 1.3 ×, 2,000 MB)`,
  );
  print(
    "",
    `sent ${round(result.sent)}, raw ${round(result.raw)}, science ${round(result.science)}, one in ten ${round(result.selected)}, ${result.queries} queries`,
  );
  for (const failure of result.failures) print("", failure);
}

async function chaos(): Promise<void> {
  const lib = kafkaLib();
  const python = process.env.FINK_PYTHON;
  if (!lib || !python)
    return print(
      "chaos",
      "skipped: no Kafka jars, or no FINK_PYTHON with deltalake, confluent-kafka and fastavro",
    );
  const [minutes, seed] = [
    Number(flag("minutes") ?? 30),
    Number(flag("seed") ?? Date.now() % 1_000_000),
  ];
  print("chaos", `${minutes} minutes of trouble, seed ${seed}`);
  const say = (what: string) => print("", `${new Date().toISOString().slice(11, 19)} ${what}`);
  const { troubles, mounted, fed, refused, drainSeconds, repeated, differences } = await benchChaos(
    lib,
    { minutes, perSecond: 20, seed, python, say },
  );
  print(
    "",
    `${[...troubles].map(([name, count]) => `${name} ${count}`).join(", ")}${mounted ? "" : " (no disk could be mounted: none was full or read-only)"}`,
  );
  print(
    "",
    `sent ${round(fed.messages)} messages: ${round(fed.alerts)} alerts, ${round(fed.again)} of them twice, ${round(fed.damaged)} damaged; ${refused} seconds refused`,
  );
  print(
    "",
    `all through ${round(drainSeconds)} s after the last; delivered again under their ids: Kafka ${repeated.kafka}, webhook ${repeated.webhook}`,
  );
  for (const difference of differences) print("", `DIFFERENT: ${difference}`);
  if (differences.length === 0)
    print("", "raw, rejected, science, matches, deliveries and account are what was sent");
}

async function filters(): Promise<void> {
  for (const survey of ["ztf", "lsst"] as const) {
    const loops = referenceLoopsPerSecond();
    const {
      filters: count,
      alertsPerSecond,
      cpuMsPerAlert,
      slowest,
    } = await benchFilters(survey, 2000, 10);
    const times = slowest
      .map(([name, microseconds]) => `${name} ${microseconds.toFixed(1)}`)
      .join(", ");
    print(
      "filters",
      `${survey}: ${count} filters, ${round(alertsPerSecond)} alerts/s, ${cpuMsPerAlert.toFixed(2)} CPU-ms an alert (wanted: 5,000 on 2 cores); µs an alert: ${times}`,
    );
    compare(`filters.${survey}.alertsPerLoop`, 1000 / cpuMsPerAlert / loops);
  }
}

function compare(name: string, value: number): void {
  measured[name] = Math.round(value * 1000) / 1000;
  const before = baseline[name];
  print(
    "",
    `${name} ${value.toFixed(3)}${before ? `, baseline ${before}: ${((value / before) * 100).toFixed(0)} %` : ", no baseline yet"}`,
  );
}

function print(name: string, text: string): void {
  console.log(`${name.padEnd(8)} ${text}`);
}

function round(value: number): string {
  return Math.round(value).toLocaleString("en");
}
