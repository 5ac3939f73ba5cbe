import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { actionsOf } from "../lake/log.ts";
import { literal } from "../lake/scan.ts";
import { LakeTable } from "../lake/table.ts";
import type { Sources } from "../serving/sources.ts";
import { only } from "../config/plain-issues.ts";
import { type Api, fileRoute } from "./api.ts";
import { at, type Cell, type Table, tableOf } from "./fink/table.ts";

const pollMs = 500;
const heartbeatMs = 15_000;
const mostListeners = 200;
let listeners = 0;

const route = fileRoute(
  {
    method: "get",
    path: "/api/v1/stream",
    operationId: "stream",
    summary:
      "Matches of filters as they come, as server-sent events; exactly resumed by Last-Event-ID",
    request: {
      query: only({
        survey: z.enum(["ztf", "lsst"]).default("ztf"),
        filter: z.string().max(200).optional().describe("Only of this filter"),
        after: z
          .string()
          .max(40)
          .optional()
          .describe("As the header Last-Event-ID; 0: from the first match on"),
      }),
    },
  },
  "Events `match`, whose id is `<version of the table>.<row>`",
  "text/event-stream",
);

/** The row of a version of `matches` that was sent last. */
interface Position {
  readonly version: number;
  readonly row: number;
}

export function addStream(app: Api, lake: string, sources: Sources): void {
  app.openapi(route, (c) => {
    const { survey, filter, after } = c.req.valid("query");
    const table = new LakeTable(join(lake, survey, "matches"));
    const last = c.req.header("Last-Event-ID");
    const start = positionOf(last ?? after, table);
    if (listeners >= mostListeners)
      throw new HTTPException(429, {
        message: "all places for listeners are taken: try again later",
      });
    // a browser that comes back gives up for ever after an error: it is told what is gone, and goes
    // on
    if (last === undefined && !isKept(table, start.version))
      throw new HTTPException(410, {
        message: `the matches after ${start.version}.${start.row} are not kept as single entries any more: read the table, or begin with after=0 or without`,
      });
    return follow(c, table, start, (file, first) => rowsOf(sources, file, first, filter));
  });
}

function follow(
  context: Context,
  table: LakeTable,
  start: Position,
  read: (file: string, first: number) => Promise<Numbered>,
): Response {
  context.header("Cache-Control", "no-store");
  context.header("X-Accel-Buffering", "no"); // a proxy must not hold events back
  listeners++;
  return streamSSE(context, async (stream) => {
    const heartbeat = setInterval(() => void stream.write(": still here\n\n"), heartbeatMs);
    try {
      await stream.write(": matches\n\n");
      let { version, row } = start;
      while (!stream.aborted && !stream.closed) {
        table.refresh();
        while (version <= table.snapshot.version && !stream.aborted) {
          if (isKept(table, version)) await sendVersion(stream, table, { version, row }, read);
          else version = (await tellGone(stream, table, version)) - 1;
          [version, row] = [version + 1, -1];
        }
        await sleep(pollMs);
      }
    } finally {
      clearInterval(heartbeat);
      listeners--;
    }
  });
}

interface Numbered {
  readonly table: Table;
  /** Of all rows of the file, also those of other filters. */
  readonly rows: number;
}

async function sendVersion(
  stream: SSEStreamingApi,
  table: LakeTable,
  { version, row }: Position,
  read: (file: string, first: number) => Promise<Numbered>,
): Promise<void> {
  const actions = actionsOf(table.path, version) ?? [];
  const added = actions.flatMap(({ add }) => (add?.dataChange ? [add.path] : []));
  let first = 0;
  for (const path of added) {
    const { table: matches, rows } = await read(join(table.path, path), first);
    const number = at(matches, "row");
    for (const match of matches.rows) {
      if (Number(match[number]) <= row) continue;
      const data = Object.fromEntries(
        matches.columns.flatMap(({ name }, i): [string, Cell][] =>
          i === number ? [] : [[name, typeof match[i] === "bigint" ? String(match[i]) : match[i]]],
        ),
      );
      await stream.writeSSE({
        event: "match",
        id: `${version}.${String(match[number])}`,
        data: JSON.stringify(data),
      });
    }
    first += rows;
  }
}

/**
 * Tells which versions are gone; the version from which matches are kept again. The event's id is
 * that version, so that a browser that comes back goes on there.
 */
async function tellGone(stream: SSEStreamingApi, table: LakeTable, from: number): Promise<number> {
  let next = from + 1;
  while (next <= table.snapshot.version && !isKept(table, next)) next++;
  const data = `versions ${from} to ${next - 1} of the table are not kept any more: read the table for their matches`;
  await stream.writeSSE({ event: "gone", id: String(next), data });
  return next;
}

async function rowsOf(
  sources: Sources,
  file: string,
  first: number,
  filter: string | undefined,
): Promise<Numbered> {
  return await sources.use(undefined, async (connection) => {
    const from = `read_parquet(${literal(file)}, file_row_number = true, hive_partitioning = false)`;
    const [[rows]] = await (await connection.run(`SELECT count(*)::DOUBLE FROM ${from}`)).getRows();
    const where = filter === undefined ? "" : `WHERE filter = ${literal(filter)}`;
    const table = await tableOf(
      connection,
      `SELECT (file_row_number + ${first})::DOUBLE AS row, * EXCLUDE (file_row_number) FROM ${from} ${where} ORDER BY file_row_number`,
    );
    return { table, rows: Number(rows) };
  });
}

/** Where to go on: right after the event of that id, or with what comes from now on. */
function positionOf(id: string | undefined, table: LakeTable): Position {
  table.refresh();
  const newest = table.snapshot.version;
  if (id === undefined || id === "") return { version: newest + 1, row: -1 };
  const [, version, row = "-1"] = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(id) ?? [];
  if (version === undefined)
    throw new HTTPException(400, {
      message: `Last-Event-ID ${id}: give the id of an event, such as 12.3`,
    });
  return { version: Number(version), row: Number(row) };
}

/**
 * True while the entry of a version and the files that it added are there, and for a version that
 * is still to come.
 */
function isKept(table: LakeTable, version: number): boolean {
  if (version > table.snapshot.version || table.snapshot.version < 0) return true;
  return (
    actionsOf(table.path, version)?.every(
      ({ add }) => !add?.dataChange || existsSync(join(table.path, add.path)),
    ) ?? false
  );
}
