import type { LakeTable, RejectedMessage } from "../api/lake-view.ts";
import type { ServiceView } from "../api/status.ts";
import { formatBytes, formatCount, formatDuration } from "./format.ts";
import { Ago, Empty, Lines } from "./text.tsx";

export function Tables({ tables }: { tables: readonly LakeTable[] | undefined }) {
  if (!tables) return <Empty>Asking for the tables …</Empty>;
  if (tables.length === 0)
    return (
      <Empty>The lake is empty. The first alert that is archived makes its survey's table.</Empty>
    );
  return (
    <Lines
      head={["Table", "+Rows", "+Size", "+Files", "+Version"]}
      rows={tables.map((t) => [
        <code>
          {t.survey}.{t.kind}
        </code>,
        formatCount(t.rows),
        formatBytes(t.bytes),
        formatCount(t.files),
        formatCount(t.version),
      ])}
    />
  );
}

const signs = { ok: "✓", failed: "✗", stale: "✗", stopped: "○" };

export function Services({
  services,
  now,
}: {
  services: readonly ServiceView[] | undefined;
  now: number;
}) {
  if (!services) return <Empty>Asking for the services …</Empty>;
  if (services.length === 0) {
    return (
      <Empty>
        No service has run on this lake. <code>./fink start all</code> runs every one.
      </Empty>
    );
  }
  return (
    <ul class="services">
      {services.map((s) => (
        <li key={s.name} class={s.health}>
          <p>
            <b>
              {signs[s.health]} {s.name}
            </b>
            <span title={`Process ${s.pid}`}>
              {s.health === "ok"
                ? `${s.state} for ${formatDuration(now - s.startedAt)}`
                : s.health === "stale"
                  ? "no report"
                  : s.health}
            </span>
          </p>
          {(s.problem || s.message || s.note) && <small>{s.problem || s.message || s.note}</small>}
        </li>
      ))}
    </ul>
  );
}

export function Rejected({
  rejected,
  now,
}: {
  rejected: readonly RejectedMessage[] | undefined;
  now: number;
}) {
  if (!rejected) return <Empty>Asking for rejected messages …</Empty>;
  if (rejected.length === 0)
    return <Empty>None. A message that cannot be read would be kept here with the reason.</Empty>;
  return (
    <ul class="rejected">
      {rejected.map((r) => (
        <li key={`${r.survey} ${r.source} ${r.offset}`}>
          <p>
            <span>{r.reason}</span>
            <Ago at={r.receivedAt} now={now} />
          </p>
          <small>
            {r.survey} · {r.source} · {r.offset}
          </small>
        </li>
      ))}
    </ul>
  );
}
