import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Data } from "apache-arrow";
import { encodeFile, writeFiles } from "../../src/archive/files.ts";
import { loadFilter } from "../../src/filters/load.ts";
import { Versions } from "../../src/filters/versions.ts";
import { loadSurveys } from "../../src/surveys/surveys.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { openAlertFile } from "../../src/science/parquet.ts";
import { idPaths, idsIn } from "../../src/science/keys.ts";
import { nested, toArrow } from "../../src/science/results.ts";
import { project } from "../cli/run.ts";
import { startFink } from "../archive/process.ts";

export const surveys = loadSurveys(join(project, "conf/surveys"));

/** A command that has to succeed; its output. */
export async function fink(
  lake: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, output } = await startFink(args, {
    FINK_LAKE: lake,
    FINK_LOG_LEVEL: "silent",
    ...settings,
  }).ended;
  if (code !== 0) throw new Error(`fink ${args.join(" ")}: ${code}\n${output}`);
  return output;
}

/** Rows of a query, 64-bit integers as text. */
export async function query(lake: string, sql: string): Promise<Record<string, unknown>[]> {
  const output = await fink(lake, ["query", "--format", "json", sql]);
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A lake with simulated alerts and their science rows. */
export async function makeLake(
  folder: string,
  survey: "ztf" | "lsst",
  alerts: number,
  batchAlerts = 1000,
): Promise<string> {
  const lake = join(folder, "lake");
  const packets = join(folder, `${survey}-packets`);
  await fink(lake, [
    "simulate",
    "--survey",
    survey,
    "--alerts",
    String(alerts),
    "--to",
    packets,
    "--seed",
    "4",
  ]);
  await fink(lake, ["ingest", packets, "--schemas", packets], {
    FINK_ARCHIVE_BATCH_ALERTS: String(batchAlerts),
    FINK_ARCHIVE_WORKERS: "1",
  });
  await fink(lake, ["start", "science", "--once"]);
  return lake;
}

export interface RawAlert {
  readonly id: bigint;
  readonly night: string | null;
  readonly file: string;
}

/** The alerts of a lake, in the order of their files. */
export async function alertsIn(lake: string, survey: string): Promise<RawAlert[]> {
  const raw = new LakeTable(join(lake, survey, "raw"));
  const found: RawAlert[] = [];
  for (const { path, partitionValues } of raw.snapshot.files.values()) {
    const file = await openAlertFile(join(raw.path, path));
    const alerts = await file.read(idPaths(surveys.named(survey), file));
    for (const value of idsIn(alerts, surveys.named(survey)))
      found.push({ id: BigInt(value), night: partitionValues["night"], file: path });
  }
  return found;
}

/** One commit of `matches`, as the filter service makes it. */
export async function addMatches(
  lake: string,
  survey: string,
  filter: string,
  alerts: readonly RawAlert[],
  more: MoreOfMatches = {},
): Promise<void> {
  const table = new LakeTable(join(lake, survey, "matches"));
  const files = [...Map.groupBy(alerts, ({ night }) => night)].map(([night, own]) =>
    encodeFile(rows(filter, own, more), night === null ? null : Number(night)),
  );
  const written = await writeFiles(files, table.path);
  table.commit({ operation: "filter", add: written.files, schema: written.schema! });
}

interface MoreOfMatches {
  /** ms since 1970; null: as an older Fink wrote matches. */
  readonly publishedAt?: number | null;
  readonly requested?: boolean;
}

function rows(
  filter: string,
  alerts: readonly RawAlert[],
  { publishedAt = null, requested = false }: MoreOfMatches,
) {
  const column = (
    name: string,
    type: "int" | "long" | "double" | "string" | "boolean",
    values: Parameters<typeof toArrow>[1],
  ): [string, Data] => [name, toArrow({ type }, values, alerts.length)];
  const now = BigInt(Date.now()) * 1000n;
  return nested(
    [
      column("filter", "string", { values: alerts.map(() => filter) }),
      column("filter_version", "int", { values: Int32Array.from(alerts, () => 1) }),
      column("alert", "long", { values: BigInt64Array.from(alerts, ({ id }) => id) }),
      column("object", "string", { values: alerts.map(({ id }) => `object ${id % 7n}`) }),
      column("ra", "double", { values: Float64Array.from(alerts, () => 10.5) }),
      column("dec", "double", { values: Float64Array.from(alerts, () => -3.25) }),
      column("mjd", "double", { values: Float64Array.from(alerts, () => 61_000.5) }),
      column("revision", "int", { values: new Int32Array(alerts.length) }),
      column("matched_at", "long", { values: BigInt64Array.from(alerts, () => now) }),
      ...(publishedAt === null
        ? []
        : [
            column("published_at", "long", {
              values: BigInt64Array.from(alerts, () => BigInt(publishedAt) * 1000n),
            }),
          ]),
      ...(publishedAt === null
        ? []
        : [
            column("requested", "boolean", {
              values: new Uint8Array(alerts.length).fill(Number(requested)),
            }),
          ]),
      column("clauses", "string", { values: alerts.map(() => "11") }),
      column("_raw", "string", { values: alerts.map(({ file }) => file) }),
    ],
    alerts.length,
  );
}

/** A filter of which only the header counts here, kept as the filter service keeps it. */
export async function keepFilter(
  lake: string,
  survey: string,
  name: string,
  header: Readonly<Record<string, string>>,
): Promise<void> {
  const folder = join(lake, "filters", survey);
  mkdirSync(folder, { recursive: true });
  const lines = Object.entries({ description: "For a test.", ...header }).map(
    ([key, value]) => `-- ${key}: ${value}`,
  );
  writeFileSync(
    join(folder, `${name}.sql`),
    `${lines.join("\n")}\nSELECT * FROM alerts WHERE true\n`,
  );
  new Versions(lake).keep(await loadFilter(join(folder, `${name}.sql`), survey));
}
