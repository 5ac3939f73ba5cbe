import type { ServiceView } from "../api/status.ts";
import { formatCount, formatDuration, formatRate } from "./format.ts";
import { Empty, Lines } from "./text.tsx";

/**
 * In the order in which an alert passes them; each latency counts from when the telescope published
 * it.
 */
const order = ["archive", "science", "filter", "delivery", "aggregation"];

interface Row {
  readonly service: ServiceView;
  readonly perSecond: number | null;
  readonly lag: number | null;
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
  readonly failed: number;
  readonly done: number;
}

/** Rate, lag and latency of every stage: published → archived → science → filtered → delivered. */
export function Stages({ services }: { services: readonly ServiceView[] | undefined }) {
  const rows = (services ?? [])
    .flatMap((service) => rowOf(service) ?? [])
    .sort((a, b) => order.indexOf(a.service.service) - order.indexOf(b.service.service));
  if (rows.length === 0)
    return (
      <Empty>
        No stage is running. <code>./fink start all</code> runs every one.
      </Empty>
    );
  return (
    <Lines
      head={["Stage", "+Alerts/s", "+Waiting", "+Since published, p50", "+p99", "+Done", "+Failed"]}
      rows={rows.map(({ service, perSecond, lag, latencyMs, failed, done }) => [
        `${service.health === "ok" ? "✓" : service.health === "stopped" ? "○" : "✗"} ${service.name}`,
        formatRate(perSecond),
        formatCount(lag),
        formatDuration(latencyMs?.p50),
        formatDuration(latencyMs?.p99),
        formatCount(done),
        failed > 0 ? <span class="bad">! {formatCount(failed)}</span> : "0",
      ])}
    />
  );
}

function rowOf(service: ServiceView): Row | null {
  const { archive, stage } = service;
  const isUp = service.health === "ok";
  const now = <T,>(value: T) => (isUp ? value : null);
  if (archive) {
    const { archivedPerSecond, lag, latencyMs, rejected, archived } = archive;
    return {
      service,
      perSecond: now(archivedPerSecond),
      lag: now(lag),
      latencyMs: now(latencyMs),
      failed: rejected,
      done: archived,
    };
  }
  if (!stage) return null;
  const { perSecond, lag, latencyMs, failed, done } = stage;
  return {
    service,
    perSecond: now(perSecond),
    lag: now(lag),
    latencyMs: now(latencyMs),
    failed,
    done,
  };
}
