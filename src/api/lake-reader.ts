import type { DuckDBBlobValue, Json } from "@duckdb/node-api";
import type { AddFile } from "../lake/actions.ts";
import { FinkError, messageOf } from "../errors.ts";
import { kept } from "../kept.ts";
import { parseStats } from "../lake/merge-stats.ts";
import { columnPath, firstValueSql, pathSql } from "../lake/scan.ts";
import type { StructType } from "../lake/schema.ts";
import { LakeTable as DeltaTable } from "../lake/table.ts";
import { type TableName, tablesIn } from "../lake/tables.ts";
import type { Sources } from "../serving/sources.ts";
import { jdMinusMjd } from "../sky/time.ts";
import type { Survey } from "../surveys/definition.ts";
import type { Surveys } from "../surveys/surveys.ts";
import type { CutoutKind, LakeTable, LakeView, LatestAlert, RejectedMessage } from "./lake-view.ts";
import { newestFiles } from "./newest-files.ts";

/** Reads the lake for the pages. Knows each table's log and reads only what was added to it. */
export class LakeReader implements LakeView {
  readonly #lake: string;
  readonly #surveys: Surveys;
  readonly #tables = new Map<string, DeltaTable>();
  readonly #sources: Sources;
  /** By table, and by whether its log or its rows cannot be read. */
  readonly #problems = new Map<string, string>();

  constructor(lake: string, surveys: Surveys, sources: Sources) {
    this.#lake = lake;
    this.#surveys = surveys;
    this.#sources = sources;
  }

  problems(): readonly string[] {
    return [...new Set(this.#problems.values())];
  }

  async tables(): Promise<readonly LakeTable[]> {
    return this.#known().map(({ survey, kind, table }) => ({ survey, kind, ...contents(table) }));
  }

  async latest(limit: number): Promise<readonly LatestAlert[]> {
    const found = await this.#each("raw", async ({ survey: name, table }) => {
      const survey = this.#surveys.named(name);
      const columns = (file: AddFile) => latestColumns(table, survey, file);
      const rows = await this.#read(
        table,
        newest(table, limit),
        columns,
        `ORDER BY received DESC, "offset" DESC LIMIT ${limit}`,
      );
      return rows.map((row) => latestAlert(survey, row));
    });
    return found.sort((a, b) => b.committedAt - a.committedAt).slice(0, limit);
  }

  async cutout(surveyName: string, alertId: string, kind: CutoutKind): Promise<Uint8Array | null> {
    const sql = (schema: StructType) => {
      const image = columnPath(schema, this.#surveys.named(surveyName).cutouts?.[kind]);
      return image === undefined ? null : `SELECT ${pathSql(image)} FROM {alerts} LIMIT 1`;
    };
    if (!this.#known().some(({ survey }) => survey === surveyName)) return null;
    const rows = await this.#sources.raw(surveyName, [alertId], sql, async (connection, text) =>
      (await connection.run(text)).getRows(),
    );
    return (rows?.[0]?.[0] as DuckDBBlobValue | null | undefined)?.bytes ?? null;
  }

  async rejected(limit: number): Promise<readonly RejectedMessage[]> {
    const found = await this.#each("rejected", async ({ survey, table }) => {
      const columns = `_source AS source, _offset::VARCHAR AS "offset", reason, epoch_ms(_received_at)::DOUBLE AS received`;
      const rows = await this.#read(
        table,
        newest(table, limit),
        () => columns,
        `ORDER BY received DESC LIMIT ${limit}`,
      );
      return rows.map((row) => ({
        survey,
        source: String(row.source),
        offset: String(row.offset),
        reason: String(row.reason),
        receivedAt: Number(row.received),
      }));
    });
    return found.sort((a, b) => b.receivedAt - a.receivedAt).slice(0, limit);
  }

  /** Tables whose log can be read. */
  #known(): KnownTable[] {
    return tablesIn(this.#lake).flatMap((name) => {
      try {
        const table = kept(this.#tables, name.path, () => new DeltaTable(name.path));
        table.refresh();
        this.#problems.delete(`${name.path} log`);
        return [{ ...name, table }];
      } catch (error) {
        this.#problems.set(`${name.path} log`, unreadable(name, error));
        return [];
      }
    });
  }

  /**
   * Rows of all tables of a kind; one that cannot be read keeps nobody from those of the others.
   */
  async #each<T>(kind: string, read: (table: KnownTable) => Promise<T[]>): Promise<T[]> {
    const tables = this.#known().filter((one) => one.kind === kind);
    const rows = tables.map(async (table) => {
      try {
        const found = await read(table);
        this.#problems.delete(`${table.path} rows`);
        return found;
      } catch (error) {
        this.#problems.set(`${table.path} rows`, unreadable(table, error));
        return [];
      }
    });
    return (await Promise.all(rows)).flat();
  }

  async #read(
    table: DeltaTable,
    files: readonly AddFile[],
    columns: (file: AddFile) => string,
    rest: string,
  ): Promise<Record<string, Json>[]> {
    if (files.length === 0) return [];
    return await this.#sources.use(undefined, async (connection) => {
      const selects = [];
      for (const file of files)
        selects.push(
          `SELECT ${columns(file)} FROM (${await this.#sources.scan(connection, table, [file])})`,
        );
      const result = await connection.run(`${selects.join(" UNION ALL ")} ${rest}`);
      return await result.getRowObjectsJson();
    });
  }
}

type KnownTable = TableName & { readonly table: DeltaTable };

/** An error of ours names the table itself. */
export function unreadable(
  { survey, kind }: Pick<TableName, "survey" | "kind">,
  error: unknown,
): string {
  return error instanceof FinkError
    ? error.message
    : `${survey}.${kind} cannot be read: ${messageOf(error)}`;
}

function contents({
  snapshot: { version, files },
}: DeltaTable): Omit<LakeTable, "survey" | "kind"> {
  let rows = 0;
  let bytes = 0;
  for (const file of files.values()) {
    rows += rowCount(file);
    bytes += file.size;
  }
  return { version, rows, bytes, files: files.size };
}

function newest({ snapshot: { files } }: DeltaTable, rows: number): AddFile[] {
  const chosen = newestFiles(files.values(), "_received_at", rows);
  return [...files.values()].filter(({ path }) => chosen.has(path));
}

function rowCount({ stats }: AddFile): number {
  return stats === undefined ? 0 : parseStats(stats).numRecords;
}

/** Merged files are newer than their rows: of these only the time they came in is known. */
function latestColumns(
  { snapshot: { schema } }: DeltaTable,
  survey: Survey,
  file: AddFile,
): string {
  const column = (paths: readonly string[] | undefined, type: string) =>
    `${firstValueSql(schema, paths) ?? "NULL"}::${type}`;
  return [
    `${column(survey.alert, "VARCHAR")} AS alert`,
    `${firstValueSql(schema, survey.object, undefined, survey.none) ?? "NULL"}::VARCHAR AS object`,
    `${column(survey.time?.field, "DOUBLE")} AS time`,
    `${column(survey.position?.ra, "DOUBLE")} AS ra`,
    `${column(survey.position?.dec, "DOUBLE")} AS dec`,
    `${column(survey.band?.field, "VARCHAR")} AS band`,
    `${column(survey.magnitude?.field, "DOUBLE")} AS magnitude`,
    `${column(survey.flux?.field, "DOUBLE")} AS flux`,
    `epoch_ms(_published_at)::DOUBLE AS published`,
    `epoch_ms(_received_at)::DOUBLE AS received`,
    `_offset AS "offset"`,
    `${file.dataChange ? `${file.modificationTime}::DOUBLE` : "epoch_ms(_received_at)::DOUBLE"} AS committed`,
  ].join(", ");
}

function latestAlert(survey: Survey, row: Record<string, Json>): LatestAlert {
  const time = number(row.time);
  const band = text(row.band);
  return {
    survey: survey.name,
    alertId: text(row.alert) ?? "",
    objectId: text(row.object),
    mjd: time !== null && survey.time?.scale === "jd" ? time - jdMinusMjd : time,
    ra: number(row.ra),
    dec: number(row.dec),
    band: band === null ? null : (survey.band?.names[band] ?? band),
    magnitude: number(row.magnitude),
    fluxNJy: number(row.flux),
    publishedAt: number(row.published),
    committedAt: number(row.committed) ?? 0,
  };
}

function text(value: Json): string | null {
  return typeof value === "string" ? value : null;
}

/** NaN is text in DuckDB's JSON. */
function number(value: Json): number | null {
  return typeof value === "number" ? value : null;
}
