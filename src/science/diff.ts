import { existsSync } from "node:fs";
import { join } from "node:path";
import { FinkError } from "../errors.ts";
import type { Replay } from "../lake/actions.ts";
import { actionsOf, entryVersions, readLogAt } from "../lake/log.ts";
import { firstValueSql, literal, pathSql, scan } from "../lake/scan.ts";
import { type ColumnType, type StructField, withFieldsOf } from "../lake/schema.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import type { Survey } from "../surveys/definition.ts";

export interface ColumnDifference {
  readonly column: string;
  /** Alerts with another value. */
  readonly rows: number;
  /** Of numbers: the largest absolute difference; null where there is none of two numbers. */
  readonly largest: number | null;
  readonly examples: readonly {
    readonly alert: string;
    readonly from: string | null;
    readonly to: string | null;
  }[];
}

export interface ScienceDifference {
  /** Alerts that both versions have, and those that only one has. */
  readonly alerts: number;
  readonly onlyFrom: number;
  readonly onlyTo: number;
  /** Those that differ, the most changed first. */
  readonly columns: readonly ColumnDifference[];
}

const examplesShown = 3;

/** The version of the last `./fink science run`; null: none that the log still tells of. */
export function lastRun(table: string): number | null {
  for (const version of entryVersions(table).reverse()) {
    if (
      actionsOf(table, version)?.some(
        ({ commitInfo }) => commitInfo?.["operation"] === "science run",
      )
    )
      return version;
  }
  return null;
}

/** What two versions of `science` say differently of the alerts of a night. */
export async function scienceDifference(
  lake: string,
  survey: Survey,
  night: number,
  from: number,
  to: number,
): Promise<ScienceDifference> {
  const path = join(lake, survey.name, "science");
  const versions = [from, to].map((version) => readLogAt(path, version));
  const schema = withFieldsOf(versions[0].schema, versions[1].schema);
  const [id, other] = ["a", "b"].map((of) => firstValueSql(schema, survey.alert, of));
  if (id === undefined) throw new FinkError("schema", `${path} has no alert id`);
  return await withUpkeep(lake, async ({ connection, scratch }) => {
    const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
    for (const [i, version] of versions.entries()) {
      const files = filesOf(version, path, night);
      await connection.run(
        `CREATE VIEW v${i} AS ${await scan(connection, { path, schema, partitionColumns: ["night"] }, files, join(scratch, `v${i}`))}`,
      );
    }
    const both = `v0 AS a JOIN v1 AS b ON ${id} = ${other}`;
    const count = async (sql: string) =>
      Number((await query(`SELECT count(*)::DOUBLE AS n FROM ${sql}`))[0]["n"]);
    const columns: ColumnDifference[] = [];
    for (const leaf of leavesOf(schema.fields)) {
      const [row] = await query(`SELECT ${summaryOf(leaf, id)} FROM ${both}`);
      if (Number(row["rows"]) > 0)
        columns.push({
          column: leaf.path,
          ...(row as unknown as Omit<ColumnDifference, "column">),
          rows: Number(row["rows"]),
        });
    }
    const anti = (mine: string, theirs: string) =>
      count(`${mine} AS a ANTI JOIN ${theirs} AS b ON ${id} = ${other}`);
    return {
      alerts: await count(both),
      onlyFrom: await anti("v0", "v1"),
      onlyTo: await anti("v1", "v0"),
      columns: columns.sort((a, b) => b.rows - a.rows),
    };
  });
}

function filesOf({ files, version }: Replay, path: string, night: number) {
  const own = [...files.values()].filter(
    ({ partitionValues }) => partitionValues["night"] === String(night),
  );
  const gone = own.find((file) => !existsSync(join(path, file.path)));
  if (gone)
    throw new FinkError(
      "lake",
      `version ${version}: its file ${gone.path} is gone: vacuum keeps replaced files for compaction.keepDays days`,
    );
  return own;
}

interface Leaf {
  readonly path: string;
  readonly type: string;
}

/** But the night, and how often a row was made. */
function leavesOf(fields: readonly StructField[], prefix = ""): Leaf[] {
  return fields.flatMap(({ name, type }: { name: string; type: ColumnType }): Leaf[] => {
    if (["night", "_revision"].includes(prefix + name)) return [];
    if (typeof type === "string") return [{ path: prefix + name, type }];
    return type.type === "struct" ? leavesOf(type.fields, `${prefix}${name}.`) : [];
  });
}

const numbers = ["integer", "long", "float", "double"];

function summaryOf({ path, type }: Leaf, id: string): string {
  const [old, fresh] = [`a.${pathSql(path)}`, `b.${pathSql(path)}`];
  const differs = `${old} IS DISTINCT FROM ${fresh}`;
  const example = `{${literal("alert")}: ${id}::VARCHAR, ${literal("from")}: ${old}::VARCHAR, ${literal("to")}: ${fresh}::VARCHAR}`;
  const size = `abs(${fresh}::DOUBLE - ${old}::DOUBLE)`;
  return [
    `count(*) FILTER (${differs})::DOUBLE AS rows`,
    `${numbers.includes(type) ? `max(${size}) FILTER (${differs} AND isfinite(${size}))` : "NULL::DOUBLE"} AS largest`,
    `(array_agg(${example} ORDER BY ${id}) FILTER (${differs}))[1:${examplesShown}] AS examples`,
  ].join(", ");
}
