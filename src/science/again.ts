import { join } from "node:path";
import { type Data, makeVector, type Struct, type Vector } from "apache-arrow";
import { encodeFile, type EncodedFile } from "../archive/files.ts";
import { kept } from "../kept.ts";
import type { StructType } from "../lake/schema.ts";
import { conform } from "../lake/conform.ts";
import { columnAt } from "../lake/column.ts";
import { separation } from "../sky/angle.ts";
import { type AlertId, type AlertIds, idsAt } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import { type AlertColumns, alertsOf, someRows, withColumns } from "./alerts.ts";
import { knownOf, type Outcome, outcomeOf, pendingTag, rawTag, type Tools } from "./compute.ts";
import { type FirstCopy, firstCopies } from "./copies.ts";
import { fitting } from "./fitting.ts";
import { idPaths, idsIn, numbersOf } from "./keys.ts";
import type { Place, ScienceModule } from "./module.ts";
import { type AlertFile, openAlertFile } from "./parquet.ts";
import { revisedRows } from "./rows.ts";
import { type Results, runModules } from "./runner.ts";
import { take } from "./take.ts";

/** Rows of `science` for which some modules are to be asked again. */
export interface AgainJob {
  readonly survey: Survey;
  readonly night: number | null;
  readonly parts: readonly AgainPart[];
  /** Folder of `raw`. */
  readonly raw: string;
  /** Of the table `science`. */
  readonly schema: StructType;
  /** Names; those that need their columns run as well. */
  readonly modules: readonly string[];
  /**
   * Rows that are wanted: those that changed, of files in which a row waits no longer; or those
   * that changed; or all, also those for which a module fails.
   */
  readonly which: "answered" | "changed" | "all";
}

/** Rows of one file. */
export interface AgainPart {
  readonly file: string;
  /** Files of `raw` among which the alerts are. */
  readonly paths: readonly string[];
  readonly ids: AlertIds;
}

export interface Revised {
  readonly night: number | null;
  /** Whole rows of the next revision, without those in which nothing changed. */
  readonly files: readonly EncodedFile[];
  /** Of each of these rows: alert id and revision. */
  readonly revisions: readonly (readonly [AlertId, number])[];
  readonly outcomes: readonly Outcome[];
}

/**
 * Runs modules again for rows that are stored; all that others made stays as it is. Where one of
 * the modules fails, nothing is changed.
 */
export async function again(job: AgainJob, tools: Tools): Promise<Revised> {
  const { survey, which } = job;
  const known = tools.modules.filter(
    ({ name, surveys }) => surveys.includes(survey.name) && !tools.off.has(name),
  );
  const modules = withUsers(job.modules, fitting(known, job.schema).able);
  if (modules.length === 0 && which !== "all")
    return { night: job.night, files: [], revisions: [], outcomes: [] };
  const { config } = tools.setup;
  const patient = {
    ...tools,
    setup: {
      ...tools.setup,
      config: { ...config, remote: { ...config.remote, waitSeconds: Infinity } },
    },
  }; // nobody waits for these rows
  const open = opener();
  // all ask at once, so that a request holds what many files want
  const asked = modules.filter(({ name }) => job.modules.includes(name));
  const hasAnswer = await Promise.all(
    job.parts.map(
      async (part) =>
        which !== "answered" || (await isAnswered(part, job, asked, { ...patient, open })),
    ),
  );
  const revised: Omit<Revised, "night">[] = [];
  for (const [i, part] of job.parts.entries())
    if (hasAnswer[i]) revised.push(await revise(part, job, modules, { ...tools, open }));
  return {
    night: job.night,
    files: revised.flatMap(({ files }) => files),
    revisions: revised.flatMap(({ revisions }) => revisions),
    outcomes: revised.flatMap(({ outcomes }) => outcomes),
  };
}

interface OpenTools extends Tools {
  readonly open: (path: string) => Promise<AlertFile>;
}

/** Opens each file once. */
function opener(): OpenTools["open"] {
  const files = new Map<string, Promise<AlertFile>>();
  return (path) => kept(files, path, () => openAlertFile(path));
}

/**
 * Whether of one of the rows a module no longer says that it waits. Reads next to nothing, as while
 * a service is down it is all that happens.
 */
async function isAnswered(
  { paths, ids }: AgainPart,
  { raw: folder, survey }: AgainJob,
  modules: readonly ScienceModule[],
  { open, ...tools }: OpenTools,
): Promise<boolean> {
  const wanted = new Set<AlertId>(ids);
  for (const path of paths) {
    const raw = await open(join(folder, path));
    const alerts = await raw.read([
      ...idPaths(survey, raw),
      ...modules.flatMap(({ needs }) => needs),
    ]);
    const own = idsIn(alerts, survey);
    const rows = [...own.keys()].filter((row) => wanted.has(own[row]));
    const { outcomes } = await runModules(modules, someRows(alerts, rows), tools.setup, {
      ...tools,
      none: survey.none,
      isKnown: knownOf(survey, folder),
    });
    if (
      rows.length > 0 &&
      outcomes.some(({ pending }) => pending?.every((one) => one === 1) !== true)
    )
      return true;
  }
  return false;
}

async function revise(
  { file, paths, ids }: AgainPart,
  job: AgainJob,
  modules: readonly ScienceModule[],
  { open, ...tools }: OpenTools,
): Promise<Omit<Revised, "night">> {
  const { survey, night } = job;
  const wanted = new Set<AlertId>(ids);
  const files: EncodedFile[] = [];
  const revisions: (readonly [AlertId, number])[] = [];
  const outcomes: Outcome[] = [];
  const parts = await (await openAlertFile(file)).rows();
  const first = await firstCopies(wanted, paths, (path) => open(join(job.raw, path)), survey);
  for (const path of paths) {
    const raw = await open(join(job.raw, path));
    for (const part of parts) {
      const pairs = pairsOf(part, path, first, survey);
      if (pairs.length === 0) continue;
      const base = take(
        part,
        pairs.map(([row]) => row),
      ) as Data<Struct>;
      const alerts = someRows(
        await raw.read(modules.flatMap(({ needs }) => needs)),
        pairs.map(([, row]) => row),
      );
      const results = await runModules(
        modules,
        withColumns(alerts, alertsOf([base])),
        tools.setup,
        {
          ...tools,
          none: survey.none,
          isKnown: knownOf(survey, job.raw),
        },
      );
      outcomes.push(...results.outcomes.map((outcome) => outcomeOf(outcome, pairs.length)));
      const changed = job.which === "all" ? revisedRows(base, results) : changedRows(base, results);
      if (changed === null) continue;
      const rows = conform(changed, job.schema);
      files.push(
        encodeFile(rows, night, survey, { [rawTag]: path, [pendingTag]: String(waitingIn(rows)) }),
      );
      revisions.push(...revisionsIn(rows, survey));
    }
  }
  return { files, revisions, outcomes };
}

/** These modules, and those that need what they add, directly or by others. */
export function withUsers(
  names: readonly string[],
  all: readonly ScienceModule[],
): ScienceModule[] {
  const found = new Set(all.filter(({ name }) => names.includes(name)));
  // a set gives what is added to it while it is walked through
  for (const { adds } of found)
    for (const module of all)
      if (adds.some(({ name }) => module.needs.includes(name))) found.add(module);
  return [...found];
}

/**
 * Rows of the part, and of this file of `raw`, that are of the same alert. Each alert is taken
 * once: it is not among `first` any more.
 */
function pairsOf(
  part: Data<Struct>,
  path: string,
  first: Map<AlertId, FirstCopy>,
  survey: Survey,
): [number, number][] {
  return [...idsIn(alertsOf([part]), survey)].flatMap((id, row): [number, number][] => {
    const copy = first.get(id);
    if (copy?.path !== path) return [];
    first.delete(id);
    return [[row, copy.row]];
  });
}

/** Those that became others; null: none did, or a module failed. */
function changedRows(base: Data<Struct>, results: Results): Data<Struct> | null {
  if (results.outcomes.some(({ failure }) => failure !== null)) return null;
  const revised = revisedRows(base, results);
  const names = results.outcomes.flatMap(({ module: { adds } }) => adds.map(({ name }) => name));
  const rows = differingRows(base, revised, [...names, "_pending"]);
  return rows.length === 0 ? null : (take(revised, rows) as Data<Struct>);
}

/** Rows in which one of the columns of the one is not what it is in the other. */
export function differingRows(
  before: Data<Struct>,
  after: Data<Struct>,
  names: readonly string[],
): number[] {
  const differing = new Set<number>();
  for (const name of names) {
    const [old, fresh] = [before, after].map((data) => valuesAt(data, name));
    for (let row = 0; row < after.length; row++)
      if (!Object.is(old(row), fresh(row))) differing.add(row);
  }
  return [...differing].sort((a, b) => a - b);
}

function valuesAt(data: Data<Struct>, name: string): (row: number) => unknown {
  const column = columnAt(data, [name]);
  const vector = column && (makeVector(column.data) as Vector);
  return (row) => (column?.present(row) ? (vector?.get(row) as unknown) : null);
}

function revisionsIn(rows: Data<Struct>, survey: Survey): (readonly [AlertId, number])[] {
  const stored = alertsOf([rows]);
  const revisions = stored.numbers("_revision");
  return [...idsIn(stored, survey)].map((id, row) => [id, revisions[row]] as const);
}

export function waitingIn(rows: Data<Struct>): number {
  return alertsOf([rows])
    .texts("_pending")
    .filter((names) => names !== "").length;
}

/** What is known of rows of `science` or `science_updates`. */
export interface RowStates {
  readonly ids: AlertIds;
  readonly revisions: Int32Array;
  /** Names of modules. */
  readonly waitsFor: readonly string[];
}

export interface StatesJob {
  readonly survey: Survey;
  readonly file: string;
  /** Only rows that wait for something; or only those at these places. */
  readonly which: "all" | "waiting" | readonly Place[];
}

export async function statesOf({ survey, file: path, which }: StatesJob): Promise<RowStates> {
  const file = await openAlertFile(path);
  const places =
    typeof which === "string" ? [] : [survey.position?.ra ?? [], survey.position?.dec ?? []].flat();
  const alerts = await file.read([...idPaths(survey, file), ...places, "_revision", "_pending"]);
  const ids = idsIn(alerts, survey);
  const revisions = alerts.numbers("_revision");
  const waitsFor = alerts.texts("_pending");
  const isThere =
    which === "all"
      ? () => true
      : which === "waiting"
        ? (row: number) => waitsFor[row] !== ""
        : placesOf(survey, alerts, which);
  const rows = Array.from(ids.keys()).filter(isThere);
  return {
    ids: idsAt(ids, rows),
    revisions: Int32Array.from(rows, (row) => revisions[row]),
    waitsFor: rows.map((row) => waitsFor[row] ?? ""),
  };
}

function placesOf(
  { position }: Survey,
  alerts: AlertColumns,
  places: readonly Place[],
): (row: number) => boolean {
  const [ra, dec] = [position?.ra, position?.dec].map((paths = []) =>
    paths.filter((path) => alerts.paths.has(path)),
  );
  if (ra.length === 0 || dec.length === 0) return () => false;
  const [ras, decs] = [numbersOf(ra, alerts), numbersOf(dec, alerts)];
  return (row) =>
    places.some(
      (place) =>
        Math.abs(decs[row] - place.dec) * 3600 <= place.radiusArcsec &&
        separation(ras[row], decs[row], place.ra, place.dec) * 3600 <= place.radiusArcsec,
    );
}
