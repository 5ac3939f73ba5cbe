import { isIP } from "node:net";
import { hostname } from "node:os";
import type { MiddlewareHandler } from "hono";
import { requestIdOf } from "./api.ts";

export interface ServedNames {
  /** The address the server listens on. */
  readonly host: string;
  /** The address of the pages for readers, where a proxy stands before them. */
  readonly publicUrl?: string;
  /** Other names that readers use. */
  readonly hosts?: readonly string[];
}

/**
 * Refuses requests under a name that is not this server's. A page of elsewhere may make its own
 * name resolve to this address (DNS rebinding); a browser then takes both for one site, and would
 * let that page read the lake.
 */
export function ownHostsOnly({ host, publicUrl = "", hosts = [] }: ServedNames): MiddlewareHandler {
  const named = new Set(
    [publicUrl === "" ? [] : new URL(publicUrl).host, hosts, host].flat().map(nameOf),
  );
  const isOpen = host === "0.0.0.0" || host === "::";
  if (isOpen) named.add(hostname().toLowerCase());
  return async (context, next) => {
    const given = context.req.header("Host") ?? new URL(context.req.url).host;
    const name = nameOf(given);
    // an address in figures cannot be made to resolve to another one
    if (named.has(name) || isLocal(name) || (isOpen && isIP(name) > 0)) return await next();
    const error = `Host ${given} is not a name of this server. Use localhost, or set ui.publicUrl or ui.hosts to the names that readers use.`;
    return context.json({ error, requestId: requestIdOf(context) }, 403);
  };
}

function isLocal(name: string): boolean {
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "::1" ||
    (isIP(name) === 4 && name.startsWith("127."))
  );
}

/** Without the port, the brackets of IPv6 and the dot of a full name. */
function nameOf(host: string): string {
  const name =
    /^\[([^\]]*)\](?::\d+)?$/.exec(host)?.[1] ??
    (isIP(host) === 6 ? host : host.replace(/:\d+$/, ""));
  return name.toLowerCase().replace(/\.$/, "");
}
