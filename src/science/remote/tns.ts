import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { secretOf } from "../../config/secrets.ts";
import { messageOf } from "../../errors.ts";
import { type CatalogueInfo, catalogueFolder, cataloguesIn } from "../../lake/catalogues.ts";
import { literal } from "../../lake/scan.ts";
import { scratchFolder } from "../../lake/tables.ts";
import { addCatalogue } from "../catalogue/add.ts";
import { catalogueSource } from "../crossmatch/catalogue-source.ts";
import type { MatchSource } from "../crossmatch/modules.ts";
import type { CrossMatch } from "../crossmatch/rule.ts";
import type { Place, ScienceSetup } from "../module.ts";
import { ledgerOf } from "./remote-source.ts";
import { firstFileOf } from "./unzip.ts";

/** The list is made once a day, after midnight UTC. */
const listEveryMs = 86_400_000;

/**
 * The list of the Transient Name Server as the catalogue `tns` of the lake, fetched again each day.
 * Until the first one is there all alerts wait; afterwards an alert that TNS names, or classifies,
 * in a later list is computed again.
 */
export function tnsSource(setup: ScienceSetup, rule: CrossMatch, fetching = fetch): MatchSource {
  let source: MatchSource | null = null;
  return {
    get edition() {
      return source?.edition ?? "tns@none";
    },
    async ask(positions, survey, context) {
      const info = tnsIn(setup.lake);
      source ??= info && catalogueSource(setup.lake, rule, info);
      return source
        ? await source.ask(positions, survey, context)
        : Array.from(positions.ra, () => undefined);
    },
    async changes(since) {
      await fetchList(setup, rule, fetching);
      const info = tnsIn(setup.lake);
      return info ? await newPlaces(setup, info, since, rule.radiusArcsec) : [];
    },
  };
}

function tnsIn(lake: string): CatalogueInfo | null {
  return cataloguesIn(lake).find(({ name }) => name === "tns") ?? null;
}

/**
 * Of today, if it is not here yet; a server that fails is left alone for a while, and the list
 * stays as it is.
 */
async function fetchList(
  { lake, config }: ScienceSetup,
  rule: CrossMatch,
  fetching: typeof fetch,
  now = Date.now(),
): Promise<void> {
  const info = tnsIn(lake);
  const isToday = info && new Date(now).toISOString().slice(0, 10) === info.addedAt.slice(0, 10);
  if (isToday || (info && now - Date.parse(info.addedAt) < listEveryMs / 2)) return;
  const { tns, tnsMarker, timeoutSeconds } = config.remote;
  const ledger = ledgerOf(lake);
  const trialMs = 10_000 * timeoutSeconds;
  if (ledger.admit("tns", now, { longestWaitMs: 0, betweenMs: 60_000, trialMs }) === null) return;
  try {
    const body = new URLSearchParams({ api_key: secretOf(config.remote, "science.remote") });
    const response = await fetching(tns, {
      method: "POST",
      body,
      headers: { "user-agent": tnsMarker },
      signal: AbortSignal.timeout(trialMs),
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    await addList(lake, rule, firstFileOf(Buffer.from(await response.arrayBuffer())));
    ledger.answered("tns");
  } catch (error) {
    ledger.failed("tns", now, messageOf(error));
  }
}

/** Above the header is a line with the day of the list. */
async function addList(
  lake: string,
  { name, fields, radiusArcsec }: CrossMatch,
  csv: Buffer,
): Promise<void> {
  const header = csv.toString("latin1", 0, 4096).indexOf("name_prefix");
  if (header < 0) throw new Error(`its list begins with ${csv.toString("utf8", 0, 100)}`);
  const scratch = scratchFolder(lake);
  mkdirSync(scratch, { recursive: true });
  const file = join(scratch, `tns-${process.pid}.csv`);
  try {
    writeFileSync(file, csv.subarray(csv.lastIndexOf("\n", header) + 1));
    await addCatalogue(lake, [file], {
      name,
      ra: "ra",
      dec: "declination",
      keep: fields,
      radiusArcsec,
      motion: null,
    });
  } finally {
    rmSync(file, { force: true });
  }
}

/** As text: what a column of a list holds decides about its type. */
const compared = ["name_prefix", "name", "type", "redshift"]
  .map((column) => `CAST("${column}" AS VARCHAR) AS "${column}"`)
  .join(", ");

/**
 * Positions in the list that an earlier one had not, or not with this name, type and redshift. The
 * earlier one is that of `since`, or the oldest of the nights in hand.
 */
async function newPlaces(
  { lake, config }: ScienceSetup,
  info: CatalogueInfo,
  since: number,
  radiusArcsec: number,
): Promise<readonly Place[]> {
  const folder = catalogueFolder(lake, info.name);
  const horizon = Math.max(since, Date.now() - (config.recentNights + 1) * listEveryMs);
  const editions = readdirSync(folder).filter(
    (file) => file.endsWith(".parquet") && file !== info.file,
  );
  const aged = editions
    .map((file) => ({ path: join(folder, file), addedAt: statSync(join(folder, file)).mtimeMs }))
    .sort((a, b) => a.addedAt - b.addedAt);
  const before = aged.findLast(({ addedAt }) => addedAt <= horizon) ?? aged[0];
  for (const { path } of aged.slice(0, Math.max(0, aged.indexOf(before))))
    rmSync(path, { force: true }); // nobody compares with them any more
  if (!before || since >= statSync(join(folder, info.file)).mtimeMs) return [];
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", memory_limit: "500MB" });
  try {
    const columns = (file: string) =>
      `SELECT ra, dec, ${compared} FROM read_parquet(${literal(file)})`;
    const sql = `SELECT DISTINCT ra, dec FROM (${columns(join(folder, info.file))} EXCEPT ${columns(before.path)})`;
    const rows = (await (await instance.connect()).runAndReadAll(sql)).getRows() as [
      number,
      number,
    ][];
    return rows.map(([ra, dec]) => ({ ra, dec, radiusArcsec }));
  } finally {
    instance.closeSync();
  }
}
