import type { ServiceView } from "../api/status.ts";
import { formatCount, formatDuration, formatRate } from "./format.ts";
import { Empty } from "./text.tsx";

/** In the order in which an alert passes them; each latency counts from when the telescope published it. */
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
  const rows = (services ?? []).flatMap((service) => rowOf(service) ?? []).sort((a, b) => order.indexOf(a.service.service) - order.indexOf(b.service.service));
  if (rows.length === 0)
    return (
      <Empty>
        No stage is running. <code>./fink start all</code> runs every one.
      </Empty>
    );
  return (
    <div class="scroll" tabIndex={0}>
      <table class="stages">
        <thead>
          <tr>
            <th>Stage</th>
            <th class="number">Alerts/s</th>
            <th class="number">Waiting</th>
            <th class="number">Since published, p50</th>
            <th class="number">p99</th>
            <th class="number">Done</th>
            <th class="number">Failed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ service, perSecond, lag, latencyMs, failed, done }) => (
            <tr key={service.name}>
              <td>
                {service.health === "ok" ? "✓" : service.health === "stopped" ? "○" : "✗"} {service.name}
              </td>
              <td class="number">{formatRate(perSecond)}</td>
              <td class="number">{formatCount(lag)}</td>
              <td class="number">{formatDuration(latencyMs?.p50)}</td>
              <td class="number">{formatDuration(latencyMs?.p99)}</td>
              <td class="number">{formatCount(done)}</td>
              <td class={failed > 0 ? "number bad" : "number"}>{failed > 0 ? `! ${formatCount(failed)}` : "0"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function rowOf(service: ServiceView): Row | null {
  const { archive, stage } = service;
  const isUp = service.health === "ok";
  if (archive) {
    const { archivedPerSecond, lag, latencyMs, rejected, archived } = archive;
    return {
      service,
      perSecond: isUp ? archivedPerSecond : null,
      lag: isUp ? lag : null,
      latencyMs: isUp ? latencyMs : null,
      failed: rejected,
      done: archived,
    };
  }
  if (!stage) return null;
  return {
    service,
    perSecond: isUp ? stage.perSecond : null,
    lag: isUp ? stage.lag : null,
    latencyMs: isUp ? stage.latencyMs : null,
    failed: stage.failed,
    done: stage.done,
  };
}
