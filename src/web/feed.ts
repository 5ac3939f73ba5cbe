import type { LiveEvents, RateHistory } from "../api/feed.ts";

export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "open" }
  /** Times in ms since 1970. */
  | { readonly state: "lost"; readonly since: number; readonly retryAt: number };

/** All that the server told so far. */
export interface FeedState extends Partial<LiveEvents> {
  readonly connection: Connection;
}

/** What the feed needs of a browser. */
export interface FeedHost {
  open(url: string): EventSource;
  now(): number;
}

/**
 * No word for so long (the status comes each second): the line is dead, even if the browser has not
 * noticed.
 */
const SILENCE_MS = 8_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
const HISTORY_MS = 600_000;
const browser: FeedHost = { open: (url) => new EventSource(url), now: Date.now };

/** Follows the live feed, opens it again when it is lost (sooner with `retry`), until `close`. */
export function followFeed(
  url: string,
  onChange: (state: FeedState) => void,
  host = browser,
): { retry(): void; close(): void } {
  let state: FeedState = { connection: { state: "connecting" } };
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  const change = (news: Partial<FeedState>) => onChange((state = { ...state, ...news }));
  const wait = (ms: number, then: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  };
  const connect = () => {
    source?.close();
    source = host.open(url);
    source.onerror = lost;
    for (const event of ["status", "tables", "alerts", "rejected", "history"] as const) {
      source.addEventListener(event, (message: MessageEvent<string>) =>
        heard(event, JSON.parse(message.data)),
      );
    }
    wait(SILENCE_MS, lost);
  };
  const heard = (event: keyof LiveEvents, data: LiveEvents[typeof event]) => {
    failures = 0;
    wait(SILENCE_MS, lost);
    change({
      [event]: data,
      ...historyWith(state.history, event, data),
      connection: { state: "open" },
    });
  };
  const lost = () => {
    source?.close(); // else the browser retries too, at its own pace
    const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
    const since = state.connection.state === "lost" ? state.connection.since : host.now();
    change({ connection: { state: "lost", since, retryAt: host.now() + delay } });
    wait(delay, connect);
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
  };
  connect();
  return { retry: connect, close };
}

/**
 * The rates as the plot shows them: a status adds a point; the server's own history replaces what
 * it covers.
 */
function historyWith(
  known: RateHistory | undefined,
  event: keyof LiveEvents,
  data: LiveEvents[keyof LiveEvents],
): { history?: RateHistory } {
  if (event === "history") return { history: joined(known, data as RateHistory) };
  if (event !== "status") return {};
  const { at, totals } = data as LiveEvents["status"];
  return {
    history: joined(known, {
      at: [at],
      received: [totals?.receivedPerSecond ?? null],
      archived: [totals?.archivedPerSecond ?? null],
    }),
  };
}

function joined(
  known: RateHistory = { at: [], received: [], archived: [] },
  news: RateHistory,
): RateHistory {
  if (news.at.length === 0) return known;
  const oldest = news.at[news.at.length - 1] - HISTORY_MS;
  const keep = (t: number) => t >= oldest && t < news.at[0];
  const column = <T>(old: readonly T[], more: readonly T[]) => [
    ...old.filter((_, i) => keep(known.at[i])),
    ...more,
  ];
  return {
    at: column(known.at, news.at),
    received: column(known.received, news.received),
    archived: column(known.archived, news.archived),
  };
}
