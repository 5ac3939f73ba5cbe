import type { LakeTable } from "../api/lake-view.ts";
import type { NightCount } from "../api/pages/types.ts";
import type { FeedState } from "./feed.ts";
import { formatCount, formatDuration, formatRate } from "./format.ts";
import { nightText } from "./page.tsx";
import { Figure } from "./text.tsx";

/** The figures of the first page: what comes in now and what is there. */
export function MainFigures({
  feed,
  nights,
}: {
  feed: FeedState;
  nights: readonly NightCount[] | undefined;
}) {
  const totals = feed.status?.totals;
  return (
    <dl class="figures">
      <Figure
        label="Archived now"
        value={formatRate(totals?.archivedPerSecond)}
        unit="alerts/s"
        title="Mean over the last 10 s"
      />
      <Figure
        label="Waiting"
        value={formatCount(totals?.lag)}
        unit="alerts"
        title="Published and not yet read"
      />
      <Night feed={feed} nights={nights} />
      <Figure
        label="In the lake"
        value={formatCount(feed.tables && rowsOf(feed.tables))}
        unit="alerts"
      />
    </dl>
  );
}

/** All of them, for the live page. */
export function AllFigures({ feed }: { feed: FeedState }) {
  const totals = feed.status?.totals;
  const latency = totals?.latencyMs;
  return (
    <dl class="figures">
      <Figure
        label="Incoming"
        value={formatRate(totals?.receivedPerSecond)}
        unit="alerts/s"
        title="Mean over the last 10 s"
      />
      <Figure
        label="Archived"
        value={formatRate(totals?.archivedPerSecond)}
        unit="alerts/s"
        title="Mean over the last 10 s"
      />
      <Figure
        label="Data"
        value={formatRate(totals?.megabytesPerSecond)}
        unit="MB/s"
        title="Mean over the last 10 s"
      />
      <Figure
        label="Lag"
        value={formatCount(totals?.lag)}
        unit="alerts"
        title="Published and not yet read"
      />
      <Figure
        label="Latency p50"
        value={formatDuration(latency?.p50)}
        title="Published to archived, over the last 60 s"
      />
      <Figure
        label="Latency p99"
        value={formatDuration(latency?.p99)}
        title="Published to archived, over the last 60 s"
      />
      <Figure
        label="Rejected"
        value={formatCount(totals?.rejected)}
        alarm={(totals?.rejected ?? 0) > 0}
        title="Since the archive started; kept with the reason"
      />
      <Night feed={feed} />
      <Figure
        label="In the lake"
        value={formatCount(feed.tables && rowsOf(feed.tables))}
        unit="alerts"
      />
    </dl>
  );
}

/** The newest night where it is known, else what came since the archive started. */
function Night({ feed, nights = [] }: { feed: FeedState; nights?: readonly NightCount[] }) {
  const own = nights.map((n) => ({ night: nightText(n.night), rows: n.alerts }));
  const known =
    own.length > 0
      ? own
      : (feed.tables ?? []).filter((t) => t.kind === "raw").flatMap((t) => t.lastNight ?? []);
  if (known.length === 0)
    return (
      <Figure
        label="Since start"
        value={formatCount(feed.status?.totals?.archived)}
        unit="alerts"
      />
    );
  const last = known
    .map((n) => n.night)
    .sort()
    .at(-1);
  const rows = known.filter((n) => n.night === last).reduce((sum, n) => sum + n.rows, 0);
  return <Figure label={`Night ${last}`} value={formatCount(rows)} unit="alerts" />;
}

function rowsOf(tables: readonly LakeTable[]): number {
  return tables.filter((t) => t.kind === "raw").reduce((sum, t) => sum + t.rows, 0);
}
