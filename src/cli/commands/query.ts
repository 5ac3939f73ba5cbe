import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StatementType } from "@duckdb/node-api";
import { z } from "zod";
import { temporaryFolder } from "../../folder.ts";
import { FinkError } from "../../errors.ts";
import { cellsOf, type TextFormat, textOf } from "../../sql/output.ts";
import { surveysOf } from "../../archive/setup.ts";
import { type LakeSession, openSession } from "../../sql/session.ts";
import { rowsOf, toJson } from "../../sql/values.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { table } from "../table.ts";
import { flag } from "../flags.ts";

const flags = z.object({
  format: flag(
    "FORMAT",
    "table (default), json (an object per line), csv or parquet",
    z.enum(["table", "json", "csv", "parquet"]).optional(),
  ),
  out: flag("FILE", "Write into this file"),
  limit: flag("N", "Rows of a table", z.int().positive().default(40)),
});

export const query = defineCommand({
  arguments: "SQL",
  description:
    "Tables are named survey.kind, such as ztf.raw and lsst.rejected; SHOW ALL TABLES lists them. Times are UTC. Nothing can be changed.\nIn json, 64-bit integers are text and bytes base64; csv has all digits of a decimal.",
  example: `./fink query "SELECT night, count(*) FROM ztf.raw WHERE candidate.rb > 0.9 GROUP BY night"`,
  flags,
  async run(context, [sql], { format = context.json ? "json" : "table", out, limit }) {
    if (format === "parquet" && out === undefined && process.stdout.isTTY)
      throw new FinkError("usage", "parquet is not for a terminal: add --out FILE");
    const { config } = context.config();
    const scratch = temporaryFolder("query");
    const parquet = out === undefined ? join(scratch, "result.parquet") : resolve(out);
    const session = await openSession(config.lake, {
      surveys: surveysOf(config),
      ...(format === "parquet" && { writable: parquet }),
    });
    let interrupted = false;
    const interrupt = () => {
      interrupted = true;
      session.interrupt();
    };
    process.once("SIGINT", interrupt);
    try {
      if (format === "table") await printTable(context, session, sql, limit);
      else if (format === "parquet") await writeParquet(session, sql, parquet, out === undefined);
      else await writeText(session, sql, format, out);
      return 0;
    } catch (error) {
      if (!interrupted) throw session.explain(error);
      context.warn("interrupted");
      return 130;
    } finally {
      process.off("SIGINT", interrupt);
      session.close();
      rmSync(scratch, { recursive: true, force: true });
    }
  },
});

async function printTable(
  context: CommandContext,
  session: LakeSession,
  sql: string,
  limit: number,
): Promise<void> {
  const result = await session.query(sql);
  if (result.statementType === StatementType.EXPLAIN) {
    for await (const [, plan] of rowsOf(result, toJson)) context.print(String(plan));
    return;
  }
  const room = process.stdout.columns ?? 200;
  const { names, rows, more } = await cellsOf(
    result,
    limit,
    Math.max(12, Math.min(60, Math.floor(room / result.columnCount) - 2)),
  );
  context.print(table(names, rows));
  if (more)
    context.warn(`only the first ${limit} rows; --limit N shows more, --format csv or json all`);
}

async function writeParquet(
  session: LakeSession,
  sql: string,
  file: string,
  toStdout: boolean,
): Promise<void> {
  await session.copyTo(file, sql);
  if (toStdout) await pipeline(createReadStream(file), process.stdout, { end: false });
}

async function writeText(
  session: LakeSession,
  sql: string,
  format: TextFormat,
  out: string | undefined,
): Promise<void> {
  const text = Readable.from(textOf(await session.query(sql), format));
  if (out === undefined) await pipeline(text, process.stdout, { end: false });
  else await pipeline(text, createWriteStream(out));
}
