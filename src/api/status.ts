import { type Instance, instances } from "../services/run-state.ts";
import type { ArchiveStatus, ServiceStatus } from "../services/status.ts";

/** `stale`: it should run, but its process is gone or it has said nothing for a while. */
export type ServiceHealth = "ok" | "failed" | "stale" | "stopped";

export interface ServiceView extends Omit<ServiceStatus, "archive"> {
  readonly health: ServiceHealth;
  /** What is wrong and what to do; empty when nothing is. */
  readonly problem: string;
  /** Without its sources, of which there may be thousands. */
  readonly archive?: Omit<ArchiveStatus, "sources">;
}

/** Sums over the archives that run; the latency is that of the slowest. */
export type Totals = Omit<ArchiveStatus, "sources">;

export interface LiveStatus {
  /** ms since 1970. */
  readonly at: number;
  readonly services: readonly ServiceView[];
  /** Null when no archive runs. */
  readonly totals: Totals | null;
  /** One sentence each. */
  readonly problems: readonly string[];
}

const STALE_MS = 10_000;
/**
 * A missing process counts only when the status is this old: the service may run in another
 * container, where we do not see it.
 */
const DIED_MS = 3_000;

/** Every service that ever ran on the lake. */
export function readServices(lake: string, now = Date.now()): ServiceView[] {
  return instances(lake).map((instance) => viewOf(instance, now));
}

export function liveStatus(
  services: readonly ServiceView[],
  at: number,
  lakeProblem = "",
): LiveStatus {
  const problems = services
    .map((s) => s.problem)
    .concat(lakeProblem)
    .filter((p) => p !== "");
  const running = services.filter((s) => s.health === "ok").flatMap((s) => s.archive ?? []);
  return { at, services, totals: running.length > 0 ? sum(running) : null, problems };
}

function viewOf(instance: Instance, now: number): ServiceView {
  const { archive, ...rest } = instance.status;
  const health = healthOf(instance, now);
  const view = { ...rest, health, problem: problemOf(instance.status, health, now) };
  if (!archive) return view;
  const { sources: _, ...counts } = archive;
  return { ...view, archive: counts };
}

function healthOf({ status, state }: Instance, now: number): ServiceHealth {
  if (state === "failed" || state === "stopped") return state;
  const age = now - status.updatedAt;
  return age > STALE_MS || (age > DIED_MS && state === "died") ? "stale" : "ok";
}

function problemOf(status: ServiceStatus, health: ServiceHealth, now: number): string {
  const start = `./fink start ${status.service}${status.name === status.service ? "" : ` --name ${status.name}`}`;
  if (health === "failed")
    return `${status.name} failed: ${status.message || "its log says why"}. Then: ${start}`;
  if (health === "ok")
    return (status.troubles ?? []).map((trouble) => `${status.name} ${trouble}`).join("; ");
  if (health !== "stale") return "";
  const seconds = Math.round((now - status.updatedAt) / 1000);
  return `${status.name} (process ${status.pid}) has not reported for ${seconds} s. Look at its log, then: ${start}`;
}

function sum(all: readonly Totals[]): Totals {
  const add = (of: (t: Totals) => number) => all.reduce((total, t) => total + of(t), 0);
  const lags = all.flatMap((t) => t.lag ?? []);
  const latencies = all.flatMap((t) => t.latencyMs ?? []);
  const commits = all.flatMap((t) => t.lastCommit ?? []).sort((a, b) => b.at - a.at);
  return {
    received: add((t) => t.received),
    archived: add((t) => t.archived),
    rejected: add((t) => t.rejected),
    duplicates: add((t) => t.duplicates),
    receivedBytes: add((t) => t.receivedBytes),
    receivedPerSecond: add((t) => t.receivedPerSecond),
    archivedPerSecond: add((t) => t.archivedPerSecond),
    megabytesPerSecond: add((t) => t.megabytesPerSecond),
    lag: lags.length === 0 ? null : lags.reduce((a, b) => a + b),
    latencyMs:
      latencies.length === 0
        ? null
        : {
            p50: Math.max(...latencies.map((l) => l.p50)),
            p99: Math.max(...latencies.map((l) => l.p99)),
          },
    lastCommit: commits[0] ?? null,
  };
}
