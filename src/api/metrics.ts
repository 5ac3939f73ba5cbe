import { Counter, Gauge, Registry } from "prom-client";
import type { StageStatus } from "../services/status.ts";
import type { LakeTable } from "./lake-view.ts";
import type { LiveStatus, ServiceView } from "./status.ts";

/**
 * The text of `GET /metrics`; `isReadable`: every table of the lake can be read. Counters are those
 * of the services, which start at 0 with each of them.
 */
export function metricsText(
  status: LiveStatus,
  tables: readonly LakeTable[],
  isReadable: boolean,
): Promise<string> {
  const registry = new Registry();
  for (const service of status.services) addService(registry, service, status.at);
  gauge(
    registry,
    "fink_lake_readable",
    "1 when every table of the lake can be read",
    {},
    isReadable ? 1 : 0,
  );
  const table = (name: string, help: string, of: (t: LakeTable) => number) => {
    for (const t of tables) gauge(registry, name, help, { survey: t.survey, table: t.kind }, of(t));
  };
  table("fink_table_rows", "Rows of a table of the lake", (t) => t.rows);
  table("fink_table_bytes", "Size of the table's live files", (t) => t.bytes);
  table("fink_table_files", "Live files of the table", (t) => t.files);
  table(
    "fink_table_version",
    "Version of the table: its number of commits less one",
    (t) => t.version,
  );
  return registry.metrics();
}

function addService(registry: Registry, view: ServiceView, at: number): void {
  const service = { service: view.name };
  gauge(
    registry,
    "fink_service_up",
    "1 while the service runs and reports",
    service,
    view.health === "ok" ? 1 : 0,
  );
  if (view.stage) addStage(registry, service, view.stage);
  const archive = view.archive;
  if (!archive) return;
  counter(
    registry,
    "fink_alerts_received_total",
    "Alerts read from the sources",
    service,
    archive.received,
  );
  counter(
    registry,
    "fink_received_bytes_total",
    "Bytes of the messages read",
    service,
    archive.receivedBytes,
  );
  counter(
    registry,
    "fink_alerts_archived_total",
    "Alerts committed to the lake",
    service,
    archive.archived,
  );
  counter(
    registry,
    "fink_alerts_rejected_total",
    "Messages that could not be read, kept with the reason",
    service,
    archive.rejected,
  );
  counter(
    registry,
    "fink_alerts_duplicate_total",
    "Messages that were already in the lake",
    service,
    archive.duplicates,
  );
  if (archive.lag !== null)
    gauge(registry, "fink_lag_alerts", "Messages waiting at the source", service, archive.lag);
  addLatency(registry, service, archive.latencyMs);
  const commit = archive.lastCommit;
  if (commit)
    gauge(
      registry,
      "fink_last_commit_age_seconds",
      "Time since the last commit",
      { ...service, survey: commit.survey },
      (at - commit.at) / 1000,
    );
}

/** Of a service that follows a table. */
function addStage(
  registry: Registry,
  service: Record<string, string>,
  { done, failed, lag, latencyMs }: StageStatus,
): void {
  counter(
    registry,
    "fink_rows_done_total",
    "Rows committed by a service that follows a table",
    service,
    done,
  );
  counter(
    registry,
    "fink_failures_total",
    "What failed in it: modules, filters, deliveries",
    service,
    failed,
  );
  if (lag !== null)
    gauge(registry, "fink_lag_rows", "Rows or versions that wait for it", service, lag);
  addLatency(registry, service, latencyMs);
}

function addLatency(
  registry: Registry,
  service: Record<string, string>,
  latencyMs: StageStatus["latencyMs"],
): void {
  if (!latencyMs) return;
  const help = "Published to committed, over the last 60 s";
  gauge(
    registry,
    "fink_latency_seconds",
    help,
    { ...service, quantile: "0.5" },
    latencyMs.p50 / 1000,
  );
  gauge(
    registry,
    "fink_latency_seconds",
    help,
    { ...service, quantile: "0.99" },
    latencyMs.p99 / 1000,
  );
}

function gauge(
  registry: Registry,
  name: string,
  help: string,
  labels: Record<string, string>,
  value: number,
): void {
  const known = registry.getSingleMetric(name) as Gauge | undefined;
  (known ?? new Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] })).set(
    labels,
    value,
  );
}

function counter(
  registry: Registry,
  name: string,
  help: string,
  labels: Record<string, string>,
  value: number,
): void {
  const known = registry.getSingleMetric(name) as Counter | undefined;
  (
    known ?? new Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] })
  ).inc(labels, value);
}
