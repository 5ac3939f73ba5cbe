import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { afterEach, expect, test } from "vitest";
import { perAddress } from "./limits.ts";

let close: (() => void) | undefined;
afterEach(() => close?.());

/**
 * A server that answers two requests a minute per client, and the statuses of requests with these
 * X-Forwarded-For.
 */
async function statuses(
  trustProxy: boolean,
  forwarded: readonly (string | null)[],
): Promise<number[]> {
  const app = new Hono();
  app.use(perAddress(2, trustProxy, () => 0));
  app.get("/", (c) => c.text("yes"));
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) =>
    resolve(port),
  );
  close = () => server.close();
  const port = await promise;
  const found: number[] = [];
  for (const value of forwarded)
    found.push(
      (
        await fetch(`http://127.0.0.1:${port}`, {
          headers: value === null ? {} : { "X-Forwarded-For": value },
        })
      ).status,
    );
  return found;
}

test("behind a proxy each client has its own limit, not all of them one", async () => {
  expect(
    await statuses(true, ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"]),
  ).toEqual([200, 200, 429, 200, 200]);
});

test("a client cannot choose the address it is counted by", async () => {
  expect(
    await statuses(true, ["1.1.1.1, 192.0.2.1", "2.2.2.2, 192.0.2.1", "3.3.3.3, 192.0.2.1"]),
  ).toEqual([200, 200, 429]);
  close?.();
  expect(await statuses(false, ["1.1.1.1", "2.2.2.2", "3.3.3.3"])).toEqual([200, 200, 429]);
  close?.();
  expect(await statuses(true, ["nobody", null, "nobody"])).toEqual([200, 200, 429]);
});

test("a network of IPv6 counts as one client, and so does IPv4 in IPv6's clothes", async () => {
  expect(
    await statuses(true, ["2001:db8::1", "2001:db8:0:0:ffff::2", "2001:db8::3", "2001:db8:0:1::1"]),
  ).toEqual([200, 200, 429, 200]);
  close?.();
  expect(await statuses(true, ["::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"])).toEqual([
    200, 200, 429,
  ]);
});
