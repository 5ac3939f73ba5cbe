import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { requestIdOf } from "./api.ts";

const compressors = { zstd: promisify(zstdCompress), gzip: promisify(gzip) };
/** Smaller ones gain nothing. */
const leastBytes = 1024;
const compressible = /json|text|csv|xml|arrow/;

/** The path of users' SQL, which pages of other sites cannot read. */
export const sqlPath = "/api/v1/sql";

/**
 * Any page may read (CORS), but for SQL; answers carry an ETag, and are sent as zstd or gzip to
 * those who take it. Events pass as they are.
 */
export const answers: MiddlewareHandler = async (context, next) => {
  await next();
  const { res } = context;
  if (context.req.path !== sqlPath) res.headers.set("Access-Control-Allow-Origin", "*");
  res.headers.set("Access-Control-Expose-Headers", "X-Request-Id, X-Fink-Truncated, ETag");
  const type = res.headers.get("Content-Type") ?? "";
  if (
    !res.ok ||
    !res.body ||
    type.startsWith("text/event-stream") ||
    res.headers.has("Content-Encoding")
  )
    return;
  const body = Buffer.from(await res.arrayBuffer());
  const headers = new Headers(res.headers);
  headers.append("Vary", "Accept-Encoding");
  const etag = `W/"${createHash("sha1").update(body).digest("base64url")}"`;
  if (context.req.method === "GET") {
    headers.set("ETag", etag);
    if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-cache");
  }
  context.res = undefined;
  if (context.req.method === "GET" && context.req.header("If-None-Match")?.includes(etag)) {
    context.res = new Response(null, { status: 304, headers });
    return;
  }
  const accepted = context.req.header("Accept-Encoding") ?? "";
  const encoding = (["zstd", "gzip"] as const).find((name) => accepted.includes(name));
  const isWorth = encoding !== undefined && body.length >= leastBytes && compressible.test(type);
  if (isWorth) headers.set("Content-Encoding", encoding);
  headers.delete("Content-Length");
  context.res = new Response(new Uint8Array(isWorth ? await compressors[encoding](body) : body), {
    status: res.status,
    headers,
  });
};

/** What a browser asks before a POST from another page. */
export function preflight(context: Context): Response {
  if (context.req.path === sqlPath) return context.body(null, 204);
  const headers = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "86400",
  };
  return context.body(null, 204, headers);
}

/**
 * So many requests a minute from one address, with as many in hand at the start; 429 and when to
 * come back for those above. 0: no limit.
 */
export function perAddress(
  requestsPerMinute: number,
  trustProxy = false,
  now = Date.now,
): MiddlewareHandler {
  const left = new Map<string, { tokens: number; at: number }>();
  return async (context, next) => {
    const address = requestsPerMinute === 0 ? undefined : clientOf(context, trustProxy);
    if (address === undefined) return await next();
    const at = now();
    if (left.size > 10_000)
      for (const [one, bucket] of left) if (at - bucket.at > 60_000) left.delete(one);
    const bucket = left.get(address) ?? { tokens: requestsPerMinute, at };
    bucket.tokens = Math.min(
      requestsPerMinute,
      bucket.tokens + ((at - bucket.at) / 60_000) * requestsPerMinute,
    );
    bucket.at = at;
    left.set(address, bucket);
    if (bucket.tokens < 1) {
      context.header(
        "Retry-After",
        String(Math.ceil(((1 - bucket.tokens) / requestsPerMinute) * 60)),
      );
      return context.json(
        {
          error: `more than ${requestsPerMinute} requests a minute from ${address}: wait a little`,
          requestId: requestIdOf(context),
        },
        429,
      );
    }
    bucket.tokens--;
    return await next();
  };
}

/**
 * The address of the client, undefined where there is no socket. A proxy adds the address it was
 * asked from at the end of X-Forwarded-For; what stands before it, the client may have written.
 */
function clientOf(context: Context, trustProxy: boolean): string | undefined {
  const forwarded = trustProxy
    ? context.req.header("X-Forwarded-For")?.split(",").at(-1)?.trim()
    : undefined;
  if (forwarded !== undefined && isIP(forwarded) > 0) return networkOf(forwarded);
  try {
    const { address } = getConnInfo(context).remote;
    return address && networkOf(address);
  } catch {
    return undefined;
  }
}

/**
 * The network of an address. A client with one IPv6 address has 2⁶⁴ of them, so only the first half
 * counts.
 */
function networkOf(address: string): string {
  const [, ipv4] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  if (ipv4 !== undefined || isIP(address) !== 6) return ipv4 ?? address;
  const [head, tail] = address.split("::").map((part) => part.split(":").filter(Boolean));
  const groups =
    tail === undefined
      ? head
      : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail];
  return groups.slice(0, 4).join(":");
}
