// A lake of millions of alerts for bench/api.ts, in minutes: one file of simulated alerts with their science is written again and again, each time with other
// objects, positions, times and ids. History is left out and images have 1 KB instead of 15, but for some thousand alerts of the last night, which are whole.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Binary, type Data, Float64, Int64, makeData, RecordBatch, Schema, Struct, Utf8, vectorFromArray } from "apache-arrow";
import { encodeFile, writeFiles } from "../src/archive/files.ts";
import { compactTable } from "../src/lake/compact.ts";
import { fromParquet } from "../src/lake/parquet.ts";
import { LakeTable } from "../src/lake/table.ts";
import { withUpkeep } from "../src/lake/upkeep.ts";
import { take } from "../src/science/take.ts";
import { mergeSources } from "../src/serving/merge.ts";
import { packetsOf } from "../src/simulator/night/batch.ts";
import { simulateHere } from "../src/simulator/night/simulate.ts";
import { randomStream } from "../src/simulator/random.ts";
import { loadSurveys } from "../src/surveys/surveys.ts";
import { startFink } from "../test/archive/process.ts";

const ztf = loadSurveys(join(import.meta.dirname, "../conf/surveys")).named("ztf");
const nights = 30;
/** Of the last night. */
const wholeAlerts = 5000;
const firstJd = 2461041.5; // 2026-01-01

export interface BenchLake {
  readonly lake: string;
  /** Some objects with their positions, and whole alerts of the last night. */
  readonly objects: readonly { readonly id: string; readonly ra: number; readonly dec: number }[];
  readonly lastAlerts: readonly { readonly candid: bigint; readonly object: string }[];
  readonly lastNight: number;
}

interface Base {
  readonly raw: Data<Struct>;
  readonly science: Data<Struct>;
}

/** Objects of ten alerts each, evenly over the sky, in 30 nights. */
export async function buildLake(alerts: number): Promise<BenchLake> {
  const lake = mkdtempSync(join(tmpdir(), "fink-bench-api-"));
  const base = await baseAlerts();
  const thin = without(withSmallImages(base.raw), ["prv_candidates", "fp_hists"]);
  const random = uniforms(1);
  const objects = Array.from({ length: Math.ceil(alerts / 10) }, (_, i) => ({
    id: `ZTF26${i.toString(36).padStart(7, "a")}`,
    ra: random() * 360,
    dec: (Math.asin(2 * random() - 1) * 180) / Math.PI,
  }));
  const [raw, science] = ["raw", "science"].map((kind) => new LakeTable(join(lake, "ztf", kind)));
  const lastAlerts: { candid: bigint; object: string }[] = [];
  let candid = 3_000_000_000_000_000_000n;
  let lastNight = 0;
  for (let night = 0; night < nights; night++) {
    lastNight = 20260101 + night;
    const seen = Array.from({ length: Math.ceil(alerts / nights) }, () => objects[Math.floor(random() * objects.length)]);
    for (let at = 0; at < seen.length; at += base.raw.length) {
      const rows = seen.slice(at, at + base.raw.length);
      const keys: Keys = {
        objectId: rows.map((o) => o.id),
        candid: BigInt64Array.from(rows, () => (candid += 15n)),
        jd: Float64Array.from(rows, (_, i) => firstJd + night + 0.2 + (0.5 * (at + i)) / seen.length),
        ra: Float64Array.from(rows, (o) => o.ra + (random() - 0.5) * 5e-5),
        dec: Float64Array.from(rows, (o) => o.dec + (random() - 0.5) * 5e-5),
      };
      const isWhole = night === nights - 1 && at < wholeAlerts;
      if (isWhole) rows.forEach((o, i) => lastAlerts.push({ candid: keys.candid[i], object: o.id }));
      await append(raw, withNewKeys(isWhole ? base.raw : thin, keys), lastNight);
      await append(science, withNewKeys(base.science, keys), lastNight, raw.snapshot.version + 1);
    }
  }
  await withUpkeep(lake, async (upkeep) => {
    for (const table of [raw, science]) await compactTable(upkeep, table.path, ztf, { targetBytes: 128e6 });
    await mergeSources(upkeep, lake, ztf, { atLeast: 1 });
  });
  return { lake, objects: objects.slice(0, 5000), lastAlerts, lastNight };
}

interface Keys {
  readonly objectId: readonly string[];
  readonly candid: BigInt64Array;
  readonly jd: Float64Array;
  readonly ra: Float64Array;
  readonly dec: Float64Array;
}

async function append(table: LakeTable, columns: Data<Struct>, night: number, position?: number): Promise<void> {
  const written = await writeFiles([encodeFile(columns, night, ztf)], table.path);
  const positions =
    position === undefined ? {} : { positions: new Map([["science:raw", { from: table.snapshot.positions.get("science:raw") ?? null, to: position }]]) };
  table.commit({ operation: "bench", add: written.files, schema: written.schema!, ...positions });
}

/** Simulated alerts that went through ingest and science, as one file has them. */
async function baseAlerts(): Promise<Base> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-base-"));
  try {
    for (const batch of simulateHere({ survey: "ztf", schema: "4.02", nights: ["2026-01-31"], alerts: 700, seed: 1, rates: {} })) {
      let i = 0;
      for (const bytes of packetsOf(batch)) writeFileSync(join(folder, `${batch.alertIds[i++]}.avro`), bytes);
    }
    const lake = join(folder, "lake");
    const settings = { FINK_LAKE: lake, FINK_ARCHIVE_BATCH_ALERTS: "1000", FINK_ARCHIVE_TRIGGER_SECONDS: "30", FINK_ARCHIVE_BATCH_MEGABYTES: "256" };
    for (const args of [
      ["ingest", folder],
      ["start", "science", "--once"],
    ])
      await startFink(args, settings).ended;
    const raw = largest(new LakeTable(join(lake, "ztf/raw")));
    const table = new LakeTable(join(lake, "ztf/science"));
    const science = [...table.snapshot.files.keys()].map((path) => dataOf(join(table.path, path)));
    const ids = raw.children[raw.type.children.findIndex((f) => f.name === "candid")].values as BigInt64Array;
    for (const rows of science) {
      const own = rows.children[rows.type.children.findIndex((f) => f.name === "candid")].values as BigInt64Array;
      const places = Array.from(ids, (id) => own.indexOf(id));
      if (places.every((i) => i >= 0)) return { raw, science: take(rows, places) as Data<Struct> };
    }
    throw new Error("no file of science has the alerts of the file of raw");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function largest(table: LakeTable): Data<Struct> {
  const [file] = [...table.snapshot.files.values()].sort((a, b) => b.size - a.size);
  return dataOf(join(table.path, file.path));
}

function dataOf(file: string): Data<Struct> {
  const table = fromParquet(new Uint8Array(readFileSync(file)));
  return new RecordBatch(new Schema(table.schema.fields), table.batches[0].data as Data<Struct>).data as Data<Struct>;
}

function withNewKeys(data: Data<Struct>, keys: Keys): Data<Struct> {
  const count = keys.objectId.length;
  const short = count === data.length ? data : (data.slice(0, count) as Data<Struct>);
  const long = makeData({ type: new Int64(), data: keys.candid });
  const texts = vectorFromArray([...keys.objectId], new Utf8()).data[0];
  const double = (values: Float64Array) => makeData({ type: new Float64(), data: values });
  const all: [string, Data][] = [
    ["objectId", texts],
    ["candid", long],
    ["candidate.candid", long],
    ["candidate.jd", double(keys.jd)],
    ["candidate.ra", double(keys.ra)],
    ["candidate.dec", double(keys.dec)],
  ];
  return all.reduce<Data<Struct>>((rows, [path, column]) => replaced(rows, path.split("."), column), short);
}

/** Where there is such a column. */
function replaced(data: Data<Struct>, [name, ...rest]: readonly string[], column: Data): Data<Struct> {
  const at = data.type.children.findIndex((f) => f.name === name);
  if (at < 0) return data;
  const children = data.children.map((child, i) => (i !== at ? child : rest.length === 0 ? column : replaced(child as Data<Struct>, rest, column)));
  return makeData({ type: data.type, length: data.length, nullCount: 0, children }) as Data<Struct>;
}

function without(data: Data<Struct>, names: readonly string[]): Data<Struct> {
  const kept = data.type.children.flatMap((f, i) => (names.includes(f.name) ? [] : [i]));
  const type = new Struct(kept.map((i) => data.type.children[i]));
  return makeData({ type, length: data.length, nullCount: 0, children: kept.map((i) => data.children[i]) }) as Data<Struct>;
}

/** Bytes without a pattern, so that they are no smaller in Parquet. */
function withSmallImages(data: Data<Struct>): Data<Struct> {
  const random = uniforms(2);
  const images = Array.from({ length: data.length }, () => Uint8Array.from({ length: 1000 }, () => random() * 256));
  const column = vectorFromArray(images, new Binary()).data[0];
  return ["Science", "Template", "Difference"].reduce((rows, kind) => replaced(rows, [`cutout${kind}`, "stampData"], column), data);
}

function uniforms(seed: number): () => number {
  const stream = randomStream(seed);
  return () => stream.uniform();
}
