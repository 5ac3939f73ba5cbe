// A lake of millions of alerts for bench/api.ts, in minutes: some hundred simulated alerts with
// their science are written again and again, each time with other objects, positions, times and
// ids, in files as compaction makes them. History is left out and images have 1 KB instead of 15,
// but for some thousand alerts of the last night, which are whole.
import { randomUUID } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { AddFile } from "../src/lake/actions.ts";
import { rowGroupRows } from "../src/lake/rewrite.ts";
import { columnsTag, dataFields, identifier } from "../src/lake/scan.ts";
import { LakeTable } from "../src/lake/table.ts";
import { withUpkeep } from "../src/lake/upkeep.ts";
import { mergeSources } from "../src/serving/merge.ts";
import { packetsOf } from "../src/simulator/night/batch.ts";
import { simulateHere } from "../src/simulator/night/simulate.ts";
import { loadSurveys } from "../src/surveys/surveys.ts";
import { startFink } from "../test/archive/process.ts";

const ztf = loadSurveys(join(import.meta.dirname, "../conf/surveys")).named("ztf");
const nights = 30;
/** Of the last night. */
const wholeAlerts = 5000;
const firstJd = 2461041.5; // 2026-01-01
const firstNight = 20260101;
const rowsPerFile = 30_000;

export interface BenchLake {
  readonly lake: string;
  /** Some objects with their positions, and whole alerts of the last night. */
  readonly objects: readonly { readonly id: string; readonly ra: number; readonly dec: number }[];
  readonly lastAlerts: readonly { readonly candid: string; readonly object: string }[];
  readonly lastNight: number;
}

/** The lake of so many alerts in the folder, where it is made if it is not there. */
export async function lakeOf(alerts: number, folder: string): Promise<BenchLake> {
  const lake = join(folder, String(alerts));
  const about = join(lake, "bench.json");
  if (!existsSync(about)) {
    rmSync(lake, { recursive: true, force: true });
    // last: from now on its tables are whole
    writeFileSync(about, JSON.stringify(await buildLake(alerts, lake)));
  }
  // goes on where it was ended
  await withUpkeep(lake, (upkeep) => mergeSources(upkeep, lake, ztf, { atLeast: 1 }));
  return { ...(JSON.parse(readFileSync(about, "utf8")) as BenchLake), lake };
}

/**
 * Another lake with the same files, which may be written to: files of a lake are replaced and never
 * changed.
 */
export function linked(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linked(source, target);
    else linkSync(source, target);
  }
}

/** Objects of ten alerts each, evenly over the sky, in 30 nights. */
async function buildLake(alerts: number, lake: string): Promise<Omit<BenchLake, "lake">> {
  return await withUpkeep(lake, async (upkeep) => {
    const { connection } = upkeep;
    const schemas = await baseAlerts(connection);
    const perNight = Math.ceil(alerts / nights);
    await connection.run(`CREATE TABLE objects AS SELECT i, 'ZTF26' || translate(to_base(i, 26, 7), '0123456789', 'qrstuvwxyz') AS id,
      360 * ${uniform("i", 1)} AS ra, degrees(asin(2 * ${uniform("i", 2)} - 1)) AS "dec" FROM range(${Math.ceil(alerts / 10)}) t(i)`);
    const tables = ["raw", "science"].map((kind) => new LakeTable(join(lake, "ztf", kind)));
    for (let night = 0; night < nights; night++) {
      const isLast = night === nights - 1;
      await connection.run(`CREATE OR REPLACE TABLE keys AS SELECT n, n % base AS row, id, 3000000000000000000 + 15 * (${night * perNight} + n) AS candid,
        ${firstJd + night + 0.2} + 0.5 * n / ${perNight} AS jd, ra + ${uniform("i", 3)} * 5e-5 AS ra, "dec" + (${uniform("i", 4)} - 0.5) * 5e-5 AS "dec"
        FROM (SELECT n, floor(${uniform(`n + ${night * perNight}`, 5)} * ${Math.ceil(alerts / 10)})::BIGINT AS i FROM range(${perNight}) t(n)) JOIN objects USING (i), (SELECT count(*) AS base FROM base_raw)`);
      for (let at = 0; at < perNight;) {
        const isWhole = isLast && at < wholeAlerts;
        const end = Math.min(perNight, at + (isWhole ? wholeAlerts : rowsPerFile));
        for (const [i, table] of tables.entries()) {
          const from = i === 1 ? "base_science" : isWhole ? "base_raw" : "thin_raw";
          const add = await written(
            connection,
            table,
            schemas[i],
            `${from} WHERE n >= ${at} AND n < ${end}`,
            firstNight + night,
          );
          const position = table.snapshot.positions.get("science:raw") ?? null;
          const positions =
            i === 0
              ? {}
              : {
                  positions: new Map([
                    ["science:raw", { from: position, to: tables[0].snapshot.version + 1 }],
                  ]),
                };
          table.commit({ operation: "bench", add: [add], schema: schemas[i], ...positions });
        }
        at = end;
      }
    }
    const rows = async <T>(sql: string) =>
      (await (await connection.run(sql)).getRowObjectsJson()) as T[];
    const lastAlerts = await rows<BenchLake["lastAlerts"][number]>(
      `SELECT candid, id AS object FROM keys WHERE n < ${wholeAlerts} ORDER BY n`,
    );
    return {
      objects: await rows(`SELECT id, ra, "dec" FROM objects ORDER BY i LIMIT 5000`),
      lastAlerts,
      lastNight: firstNight + nights - 1,
    };
  });
}

/** As compaction has it of alerts of such sizes. */
const rowGroups: Readonly<Record<string, number>> = {
  base_raw: rowGroupRows(25_000, 1),
  thin_raw: rowGroupRows(4000, 1),
  base_science: rowGroupRows(1200, 1),
};

/** 0 … 1, the same for the same numbers. */
function uniform(of: string, stream: number): string {
  return `(hash((${of}) * 16 + ${stream}) / 18446744073709551616.0)::DOUBLE`;
}

/** A file of these rows of the base with the keys, sorted as compaction sorts. */
async function written(
  connection: DuckDBConnection,
  table: LakeTable,
  schema: LakeTable["snapshot"]["schema"],
  from: string,
  night: number,
): Promise<AddFile> {
  const fields = dataFields({ schema, partitionColumns: table.partitionColumns });
  const values: Readonly<Record<string, string>> = {
    objectId: "k.id",
    candid: "k.candid",
    candidate: `struct_update(b.candidate, candid := k.candid, jd := k.jd, ra := k.ra, "dec" := k."dec")`,
  };
  const columns = fields
    .map(({ name }) => `${values[name] ?? `b.${identifier(name)}`} AS ${identifier(name)}`)
    .join(", ");
  const folder = `night=${night}`;
  mkdirSync(join(table.path, folder), { recursive: true });
  const path = join(folder, `${randomUUID()}.parquet`);
  const [base, ...where] = from.split(" ");
  const to = `'${join(table.path, path)}' (FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE ${rowGroups[base]})`;
  await connection.run(
    `COPY (SELECT ${columns} FROM ${base} b JOIN keys k USING (row) ${where.join(" ")} ORDER BY k.id, k.jd) TO ${to}`,
  );
  const range = (f: string) =>
    `{"objectId": ${f}(id), "candid": ${f}(candid), "candidate": {"candid": ${f}(candid), "jd": ${f}(jd), "ra": ${f}(ra), "dec": ${f}("dec")}}`;
  const statistics = `SELECT to_json({"numRecords": count(*), "minValues": ${range("min")}, "maxValues": ${range("max")}})::VARCHAR FROM keys ${where.join(" ")}`;
  const [[stats]] = await (await connection.run(statistics)).getRows();
  const tags = { [columnsTag]: fields.map(({ name }) => name).join(",") };
  const { size } = statSync(join(table.path, path));
  return {
    path,
    partitionValues: { night: String(night) },
    size,
    modificationTime: Date.now(),
    dataChange: true,
    stats: String(stats),
    tags,
  };
}

/**
 * Tables `base_raw`, `thin_raw` and `base_science` of simulated alerts that went through ingest and
 * science, and the columns of raw and science.
 */
async function baseAlerts(
  connection: DuckDBConnection,
): Promise<LakeTable["snapshot"]["schema"][]> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-base-"));
  try {
    for (const batch of simulateHere({
      survey: "ztf",
      schema: "4.02",
      nights: ["2026-01-31"],
      alerts: 700,
      seed: 1,
      rates: {},
    })) {
      let i = 0;
      for (const bytes of packetsOf(batch))
        writeFileSync(join(folder, `${batch.alertIds[i++]}.avro`), bytes);
    }
    const lake = join(folder, "lake");
    for (const args of [
      ["ingest", folder],
      ["start", "science", "--once"],
    ])
      await startFink(args, { FINK_LAKE: lake }).ended;
    const files = (kind: string) =>
      `read_parquet('${join(lake, "ztf", kind)}/*/*.parquet', union_by_name = true, hive_partitioning = false)`;
    await connection.run(
      `CREATE TABLE base_raw AS SELECT *, row_number() OVER (ORDER BY candid) - 1 AS row FROM ${files("raw")}`,
    );
    await connection.run(
      `CREATE TABLE base_science AS SELECT s.*, row FROM ${files("science")} s JOIN (SELECT candid, row FROM base_raw) USING (candid)`,
    );
    const small = (kind: string) =>
      `struct_update(cutout${kind}, stampData := unhex(array_to_string(list_transform(range(64), lambda x: md5(concat(row, '${kind}', x))), ''))) AS cutout${kind}`;
    await connection.run(
      `CREATE TABLE thin_raw AS SELECT * REPLACE (NULL AS prv_candidates, NULL AS fp_hists, ${["Science", "Template", "Difference"].map(small).join(", ")}) FROM base_raw`,
    );
    return ["raw", "science"].map((kind) => new LakeTable(join(lake, "ztf", kind)).snapshot.schema);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
