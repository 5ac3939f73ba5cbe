import { join } from "node:path";
import type { Data, Struct } from "apache-arrow";
import { encodeFile, type EncodedFile } from "../archive/files.ts";
import { conform } from "../lake/conform.ts";
import { type ColumnType, fieldNamed, type StructType } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import type { AlertIds } from "../surveys/alert-id.ts";
import { pathsOfSurvey, type Survey } from "../surveys/definition.ts";
import { fitting } from "./fitting.ts";
import { idPaths, idsIn, keysOf } from "./keys.ts";
import type { ScienceModule, ScienceSetup } from "./module.ts";
import { openAlertFile } from "./parquet.ts";
import { publishedAt, storedRows } from "./rows.ts";
import { type ModuleOutcome, type Observer, runModules } from "./runner.ts";
import { take } from "./take.ts";

/**
 * Tag of a data file of `science`: the file of `raw` its rows were computed from. A hint, which
 * compaction drops.
 */
export const rawTag = "fink.raw";
/**
 * … and how many of its rows wait for an answer; compaction adds up. A file without it may have
 * some.
 */
export const pendingTag = "fink.pending";

/** What is needed to compute, in a thread that has the modules. */
export interface Tools {
  readonly setup: ScienceSetup;
  readonly modules: readonly ScienceModule[];
  /** Modules that must not run, and why. */
  readonly off: ReadonlyMap<string, string>;
  readonly observer?: Observer | undefined;
}

/** A file of `raw`, and which of its rows are wanted. */
export interface ComputeJob {
  readonly survey: Survey;
  /** Folder of `raw`. */
  readonly raw: string;
  readonly path: string;
  readonly night: number | null;
  /** Of the table they go to. */
  readonly schema: StructType;
  /** null: all. */
  readonly rows: readonly number[] | null;
  /** Of each wanted row; null: 0. */
  readonly revisions: Int32Array | null;
}

export interface Computed {
  readonly file: EncodedFile;
  readonly outcomes: readonly Outcome[];
  /** ms since 1970, of each row; NaN: not known. */
  readonly publishedAt: Float64Array;
}

/** What a module did, for the status. */
export interface Outcome extends Pick<ModuleOutcome, "milliseconds" | "failure"> {
  readonly name: string;
  readonly version: string;
  readonly alerts: number;
  readonly pending: number;
}

/** Rows of `science` for alerts of one file, which are of one night. */
export async function compute(
  { survey, raw, path, night, schema, rows, revisions }: ComputeJob,
  { setup, modules, off, observer }: Tools,
): Promise<Computed> {
  const { able: own, unfit } = fitting(
    modules.filter(({ surveys }) => surveys.includes(survey.name)),
    schema,
  );
  const file = await openAlertFile(join(raw, path));
  const keys = keysOf(survey, file.paths);
  const alerts = await file.read([
    ...keys.flatMap(({ paths }) => paths),
    publishedAt,
    ...own.flatMap(({ needs }) => needs),
  ]);
  const results = await runModules(own, alerts, setup, {
    off,
    observer,
    none: survey.none,
    isKnown: knownOf(survey, raw),
  });
  const wanted = rows ?? Array.from({ length: alerts.count }, (_, row) => row);
  const all = new Int32Array(alerts.count);
  if (revisions) wanted.forEach((row, i) => (all[row] = revisions[i]));
  const stored = conform(storedRows(keys, alerts, results, all), schema);
  const isWhole = wanted.length === alerts.count;
  const waiting = wanted.filter((row) =>
    results.outcomes.some(({ pending }) => pending?.[row] === 1),
  ).length;
  const times = alerts.paths.has(publishedAt) ? alerts.numbers(publishedAt) : null;
  return {
    file: encodeFile(isWhole ? stored : (take(stored, wanted) as Data<Struct>), night, survey, {
      [rawTag]: path,
      [pendingTag]: String(waiting),
    }),
    outcomes: [
      ...results.outcomes.map((outcome) => outcomeOf(outcome, alerts.count)),
      ...unfit.map(({ module: { name, version }, reason }) => ({
        name,
        version,
        alerts: 0,
        milliseconds: 0,
        pending: 0,
        failure: reason,
      })),
    ],
    publishedAt: Float64Array.from(wanted, (row) => (times ? times[row] / 1000 : NaN)),
  };
}

/**
 * Tells whether the definition or any file of the table `raw` in that folder has a column. The
 * table is only looked into for what the definition does not name.
 */
export function knownOf(survey: Survey, raw: string): (path: string) => boolean {
  const named = new Set(pathsOfSurvey(survey));
  let schema: StructType | undefined;
  return (path) =>
    named.has(path) || hasPath((schema ??= new LakeTable(raw).snapshot.schema), path.split("."));
}

function hasPath(type: ColumnType | undefined, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return type !== undefined;
  const inner = typeof type === "object" && type.type === "array" ? type.elementType : type;
  return (
    typeof inner === "object" &&
    inner.type === "struct" &&
    hasPath(fieldNamed(inner, name)?.type, rest)
  );
}

/**
 * The ids of the alerts of a file, in its order; none of them has one where the file lacks the
 * column.
 */
export async function idsOf({
  survey,
  file: path,
}: {
  readonly survey: Survey;
  readonly file: string;
}): Promise<AlertIds> {
  const file = await openAlertFile(path);
  if (!survey.alert?.some((path) => file.paths.has(path)))
    return new BigInt64Array((await file.read([])).count);
  return idsIn(await file.read(idPaths(survey, file)), survey).slice();
}

export function outcomeOf(
  { module: { name, version }, milliseconds, failure, pending }: ModuleOutcome,
  alerts: number,
): Outcome {
  return {
    name,
    version,
    milliseconds,
    failure,
    alerts,
    pending: pending?.reduce((sum, one) => sum + one, 0) ?? 0,
  };
}
