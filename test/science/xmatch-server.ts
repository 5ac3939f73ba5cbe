import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { separation } from "../../src/sky/angle.ts";

/** What the server does with the next request; the last one stays. */
export type Behaviour =
  | "answer"
  | { readonly status: number }
  | { readonly body: string }
  | { readonly afterMs: number }
  | "cut"
  | "hang up";

export interface Source {
  readonly ra: number;
  readonly dec: number;
  readonly [field: string]: number | string;
}

export interface XmatchServer {
  readonly url: string;
  /** Positions of each request, and of which table. */
  readonly requests: { readonly table: string; readonly positions: number }[];
  behaviours: Behaviour[];
  close(): void;
}

/**
 * Speaks the protocol of the CDS X-match service over sources of a few tables, and misbehaves on
 * demand.
 */
export async function xmatchServer(
  tables: Readonly<Record<string, readonly Source[]>>,
): Promise<XmatchServer> {
  const requests: { table: string; positions: number }[] = [];
  const zones = new Map(
    Object.entries(tables).map(([name, sources]) => [
      name,
      Map.groupBy(sources, ({ dec }) => zoneOf(dec)),
    ]),
  );
  const state = { behaviours: ["answer"] as Behaviour[] };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on(
      "end",
      () => void reply(Buffer.concat(pieces), request.headers["content-type"] ?? "", response),
    );
  });
  async function reply(body: Buffer, type: string, response: ServerResponse): Promise<void> {
    const form = await new Response(new Uint8Array(body), {
      headers: { "content-type": type },
    }).formData();
    const table = form.get("cat2") as string;
    const [, ...positions] = (await (form.get("cat1") as File).text()).trimEnd().split("\n");
    requests.push({ table, positions: positions.length });
    const behaviour = state.behaviours.length > 1 ? state.behaviours.shift()! : state.behaviours[0];
    if (behaviour === "hang up") return void response.destroy();
    if (typeof behaviour === "object" && "status" in behaviour)
      return void response.writeHead(behaviour.status).end("Fail");
    if (typeof behaviour === "object" && "body" in behaviour)
      return void response.end(behaviour.body);
    if (typeof behaviour === "object") await sleep(behaviour.afterMs);
    const text = pairs(
      zones.get(table) ?? new Map(),
      positions,
      (form.get("cols2") as string).split(","),
      Number(form.get("distMaxArcsec")),
    );
    response.end(behaviour === "cut" ? text.slice(0, -3) : text);
  }
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/xmatch/api/v1/sync`;
  return Object.assign(state, {
    url,
    requests,
    close: () => (server.closeAllConnections(), void server.close()),
  });
}

function pairs(
  sources: Zones,
  positions: readonly string[],
  fields: readonly string[],
  radiusArcsec: number,
): string {
  const lines = positions.flatMap((line) => {
    const [ra, dec, id] = line.split(",");
    const near = [-1, 0, 1].flatMap((step) => sources.get(zoneOf(Number(dec)) + step) ?? []);
    return near.flatMap((source) => {
      const apart = Math.abs(Number(ra) - source.ra);
      // by far; the rest is dear
      if (apart > 1 && apart < 359 && Math.abs(source.dec) < 80) return [];
      const arcsec = 3600 * separation(Number(ra), Number(dec), source.ra, source.dec);
      return arcsec > radiusArcsec
        ? []
        : [
            [arcsec.toFixed(6), ra, dec, id, ...fields.map((field) => quoted(source[field]))].join(
              ",",
            ),
          ];
    });
  });
  return [["angDist", "ra_in", "dec_in", "alert", ...fields].join(","), ...lines, ""].join("\n");
}

/** Sources by declination, so that bulk questions cost little. */
type Zones = ReadonlyMap<number, readonly Source[]>;

/** Wider than any radius that is asked for. */
function zoneOf(dec: number): number {
  return Math.floor(20 * dec);
}

function quoted(value: number | string | undefined): string {
  const text = value === undefined ? "" : String(value);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
