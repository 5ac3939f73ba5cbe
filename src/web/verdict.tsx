import type { LiveStatus } from "../api/status.ts";
import type { FeedState } from "./feed.ts";
import { formatCount, formatDuration, formatRate } from "./format.ts";

/**
 * Is anything wrong? One line, with a sign and words beside the colour. Nothing while the
 * connection is lost: then nobody knows.
 */
export function Verdict({ feed }: { feed: FeedState }) {
  if (feed.connection.state === "lost") return null;
  const { tone, sign, text, more } = judge(feed.status);
  return (
    <p class={`verdict ${tone}`} role="status" title={more.join("\n")}>
      <b>{sign}</b> {text}
      {more.length > 0 && ` (and ${more.length} more)`}
    </p>
  );
}

interface Judgement {
  readonly tone: "good" | "bad" | "quiet";
  readonly sign: string;
  readonly text: string;
  readonly more: readonly string[];
}

function judge(status: LiveStatus | undefined): Judgement {
  if (!status) return { tone: "quiet", sign: "…", text: "Asking the server", more: [] };
  const { problems, totals, services } = status;
  if (problems.length > 0)
    return { tone: "bad", sign: "✗", text: problems[0], more: problems.slice(1) };
  const notes = services
    .filter((s) => s.health === "ok" && s.message !== "")
    .map((s) => `${s.name}: ${s.message}`);
  if (notes.length > 0) return { tone: "quiet", sign: "!", text: notes[0], more: notes.slice(1) };
  if (!totals)
    return {
      tone: "quiet",
      sign: "○",
      text: "No archive is running, so nothing new comes in. Start it with ./fink start all",
      more: [],
    };
  return { tone: "good", sign: "✓", text: `All is well: ${wellText(totals)}`, more: [] };
}

function wellText(totals: NonNullable<LiveStatus["totals"]>): string {
  const waiting =
    totals.lag === null
      ? ""
      : totals.lag === 0
        ? ", none waits"
        : `, ${formatCount(totals.lag)} wait`;
  const latency = totals.latencyMs
    ? `, ${formatDuration(totals.latencyMs.p50)} from published to archived`
    : "";
  return totals.archivedPerSecond === 0
    ? `the archive waits for alerts${waiting}`
    : `${formatRate(totals.archivedPerSecond)} alerts/s archived${waiting}${latency}`;
}
