import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { LiveEvents, LiveFeed } from "./feed.ts";

const HEARTBEAT_MS = 15_000;
const RETRY_MS = 2_000;

/** `GET /api/v1/live`: server-sent events, named and shaped as in `LiveEvents`. */
export function live(context: Context, feed: LiveFeed): Response {
  if (!feed.join()) {
    context.header("Retry-After", "10");
    return context.json(
      {
        error:
          "All places for live connections are taken: close some pages, or read /api/v1/status",
        requestId: context.get("requestId"),
      },
      503,
    );
  }
  context.header("Cache-Control", "no-store");
  context.header("X-Accel-Buffering", "no"); // a proxy must not hold events back
  return streamSSE(context, async (stream) => {
    const heartbeat = setInterval(() => void stream.write(": still here\n\n"), HEARTBEAT_MS);
    const seen = new Map<keyof LiveEvents, number>();
    try {
      await stream.writeSSE({
        event: "history",
        data: JSON.stringify(feed.history()),
        id: "0",
        retry: RETRY_MS,
      });
      do {
        for (const { id, event, data } of feed.unseen(seen))
          await stream.writeSSE({ event, data, id: String(id) });
      } while ((await feed.changed()) && !stream.aborted);
    } finally {
      clearInterval(heartbeat);
      feed.leave();
    }
  });
}
