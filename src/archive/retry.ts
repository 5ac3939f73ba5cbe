import { join } from "node:path";
import { SchemaStore } from "../avro/registry.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { type StructType, withFieldsOf } from "../lake/schema.ts";
import { isOvertaken, LakeTable } from "../lake/table.ts";
import { tablesIn } from "../lake/tables.ts";
import { type Upkeep, withUpkeep } from "../lake/upkeep.ts";
import { widenTable } from "../lake/widen.ts";
import { unknownSurvey } from "../surveys/surveys.ts";
import { kept } from "../kept.ts";
import type { ArchiverOptions } from "./archiver.ts";
import { MessageDecoder, type Reject } from "./decode.ts";
import { encodeRejects, writeFiles } from "./files.ts";
import { asOnDisk } from "./mended-files.ts";
import { surveyOfMessage } from "./survey-of.ts";
import { archivedKeys, batchOf, type WaitingMessage, waitingMessages } from "./waiting-messages.ts";
import { encode } from "./worker.ts";

export interface RetryOptions extends Pick<
  ArchiverOptions,
  "lake" | "surveys" | "schemas" | "bareSchema" | "maxMessageMegabytes"
> {
  /** Only what waits in this survey's table. */
  readonly survey?: string;
  /** Only what waits for this reason, e.g. `type-conflict`. */
  readonly code?: string;
  /** A table larger than this is not widened; alerts that need it wait on. */
  readonly widenUpToBytes: number;
}

export interface RetryCounts {
  /** Messages that were taken over, and the alerts in them. */
  messages: number;
  alerts: number;
  /** Messages that were in `raw` before: an earlier retry was killed half-way. */
  archivedBefore: number;
  /** Messages that wait on, of those that were tried. */
  waiting: number;
  /** What they wait for, the most frequent first. */
  reasons: { survey: string; code: string; reason: string; messages: number }[];
}

/**
 * Decodes again what waits in the lake's `rejected` tables, and takes over what can be read now.
 * The archive may run meanwhile.
 */
export async function retry(options: RetryOptions): Promise<RetryCounts> {
  const { lake, bareSchema, maxMessageMegabytes } = options;
  const schemas = new SchemaStore(options.schemas);
  const decoder = new MessageDecoder({
    schemas,
    bareSchema,
    maxMessageBytes: maxMessageMegabytes * 1e6,
  });
  const counts: RetryCounts = {
    messages: 0,
    alerts: 0,
    archivedBefore: 0,
    waiting: 0,
    reasons: [],
  };
  await withUpkeep(lake, async (upkeep) => {
    for (const { survey, kind } of tablesIn(lake)) {
      if (kind === "rejected" && (options.survey ?? survey) === survey)
        await retryTable({ options, upkeep, schemas, decoder, survey, tables: new Map() }, counts);
    }
  });
  counts.reasons.sort((a, b) => b.messages - a.messages);
  return counts;
}

interface Run {
  readonly options: RetryOptions;
  readonly upkeep: Upkeep;
  readonly schemas: SchemaStore;
  readonly decoder: MessageDecoder;
  /** Survey whose `rejected` is worked on. */
  readonly survey: string;
  /** `raw` of each survey that was needed. */
  readonly tables: Map<string, LakeTable>;
}

async function retryTable(run: Run, counts: RetryCounts): Promise<void> {
  const rejected = new LakeTable(join(run.options.lake, run.survey, "rejected"));
  const seen = new Set<string>();
  for (;;) {
    rejected.refresh();
    const file = [...rejected.snapshot.files.values()].find(({ path }) => !seen.has(path));
    if (!file) return;
    seen.add(file.path);
    const sorted = await retryFile(run, rejected, file);
    for (const { path } of await removeDone(run, rejected, file, sorted)) seen.add(path);
    count(counts, run.survey, sorted);
  }
}

/** What became of the messages of one file. */
interface Sorted {
  readonly targets: Map<string, Target>;
  /** Messages that are in `raw` now; `before`: since before this retry. */
  readonly taken: Set<string>;
  readonly before: ReadonlySet<string>;
  readonly waiting: Map<string, Pick<WaitingMessage, "code" | "reason">>;
}

/** What goes to one survey's `raw`. */
interface Target {
  readonly raw: LakeTable;
  readonly messages: Pick<WaitingMessage, "key" | "offset">[];
  readonly files: AddFile[];
  schema: StructType | undefined;
  alerts: number;
}

/** How often one file is begun anew because other writers changed the tables. */
const maxTries = 20;

/**
 * Archives what can be read of a file. Between the commit to `raw` and the one that takes the
 * messages out of `rejected` they stand in both: a retry finds them by their keys.
 */
async function retryFile(run: Run, rejected: LakeTable, file: AddFile): Promise<Sorted> {
  let before: ReadonlySet<string> = new Set();
  for (let tries = 1; ; tries++) {
    const sorted = await sort(run, rejected, file, before);
    try {
      const found = new Set(before);
      for (const { raw, messages } of sorted.targets.values())
        for (const key of await archivedKeys(run.upkeep, raw, messages)) found.add(key);
      if (found.size === before.size) {
        commitAlerts(run, sorted.targets);
        return sorted;
      }
      before = found;
      discardAlerts(sorted.targets);
    } catch (error) {
      discardAlerts(sorted.targets);
      if (!isOvertaken(error) || tries >= maxTries) throw error;
    }
  }
}

/** Decodes the messages of a file and writes the alerts, uncommitted. */
async function sort(
  run: Run,
  rejected: LakeTable,
  file: AddFile,
  before: ReadonlySet<string>,
): Promise<Sorted> {
  const targets = new Map<string, Target>();
  const sorted: Sorted = { targets, taken: new Set(), before, waiting: new Map() };
  const isUnderWay = underWay(rejected, rawOf(run, run.survey));
  for await (const messages of waitingMessages(run.upkeep, rejected, file, run.options.code)) {
    const settled = messages
      .filter((m) => !isUnderWay(m.offset) && !before.has(m.key))
      .map((m) => asOnDisk(m, rejected));
    for (const m of messages)
      if (isUnderWay(m.offset))
        sorted.waiting.set(m.key, {
          code: m.code,
          reason: "the archive has not finished the batch it came with",
        });
    const surveys = await Promise.all(settled.map((m) => surveyOf(run, m)));
    for (const [survey, own] of Map.groupBy(settled, (_, i) => surveys[i])) {
      if (survey === unknownSurvey) for (const m of own) sorted.waiting.set(m.key, m);
      else await decodeInto(run, survey, own, sorted);
    }
  }
  return sorted;
}

async function decodeInto(
  run: Run,
  survey: string,
  messages: readonly WaitingMessage[],
  { targets, taken, waiting }: Sorted,
): Promise<void> {
  const target = kept(targets, survey, (): Target => ({
    raw: rawOf(run, survey),
    messages: [],
    files: [],
    schema: undefined,
    alerts: 0,
  }));
  const { raw, rejects } = await encodeFor(run, target.raw, survey, messages);
  const written = await writeFiles(raw, target.raw.path);
  target.files.push(...written.files);
  target.alerts += written.rows;
  if (written.schema)
    target.schema = target.schema ? withFieldsOf(target.schema, written.schema) : written.schema;
  for (const { message, code, reason } of rejects)
    waiting.set(messages[message].key, { code, reason });
  for (const m of messages) {
    if (waiting.has(m.key)) continue;
    taken.add(m.key);
    target.messages.push({ key: m.key, offset: m.offset });
  }
}

/** As the archive does: new columns, and wider ones where the table is small enough. */
async function encodeFor(
  { options: { surveys, widenUpToBytes }, decoder }: Run,
  raw: LakeTable,
  survey: string,
  messages: readonly WaitingMessage[],
) {
  const size = [...raw.snapshot.files.values()].reduce((sum, f) => sum + f.size, 0);
  const batch = batchOf(survey, messages);
  for (;;) {
    const result = await encode(decoder, {
      batch,
      survey: surveys.named(survey),
      schema: raw.snapshot.schema,
      mayWiden: size <= widenUpToBytes,
    });
    if (result.kind === "encoded") return result;
    await widenTable(raw, result.schema);
  }
}

/**
 * The commit that makes the alerts part of the lake. Its position, moved by one each time, fences a
 * second retry that looked at `raw` before this commit and so did not see the alerts there.
 */
function commitAlerts({ survey }: Run, targets: ReadonlyMap<string, Target>): void {
  for (const { raw, files, schema } of targets.values()) {
    if (files.length === 0) continue;
    const appId = `retry:${survey}/rejected`;
    const from = raw.snapshot.positions.get(appId) ?? null;
    raw.commit({
      operation: "retry",
      add: files,
      schema,
      positions: new Map([[appId, { from, to: (from ?? 0) + 1 }]]),
    });
    files.length = 0; // committed: no longer ours to discard
  }
}

/**
 * Exchanges a file of `rejected` for one without the messages that are in `raw`; returns the new
 * ones. Left to the next retry where another writer replaced the file.
 */
async function removeDone(
  { upkeep, survey }: Run,
  rejected: LakeTable,
  file: AddFile,
  { taken, before, waiting }: Sorted,
): Promise<AddFile[]> {
  if (taken.size + before.size === 0) return [];
  const rest: AddFile[] = [];
  let schema: StructType | undefined;
  for await (const messages of waitingMessages(upkeep, rejected, file, undefined)) {
    const left = messages.filter((m) => !taken.has(m.key) && !before.has(m.key));
    const rejects = left.map((m, message) => ({
      message,
      ...((waiting.get(m.key) ?? m) as Pick<Reject, "code" | "reason">),
    }));
    const written = await writeFiles(encodeRejects(batchOf(survey, left), rejects), rejected.path);
    rest.push(...written.files);
    schema = written.schema ?? schema;
  }
  try {
    rejected.commit({ operation: "retry", remove: [file.path], add: rest, schema });
    return rest;
  } catch (error) {
    discard(rejected.path, rest);
    if (isOvertaken(error)) return [];
    throw error;
  }
}

/**
 * Messages of a batch whose rejected part is committed and whose alerts, with the position, are not
 * yet (see waiting.ts): after a crash the archive reads it again and counts on finding them. Which
 * source a position belongs to is not looked at.
 */
function underWay(rejected: LakeTable, raw: LakeTable): (offset: bigint) => boolean {
  const ranges = [...rejected.snapshot.positions].map(([appId, to]) => [
    raw.snapshot.positions.get(appId) ?? 0,
    to,
  ]);
  return (offset) => ranges.some(([from, to]) => offset >= from && offset < to);
}

/** Brought up to date. */
function rawOf({ options, tables }: Run, survey: string): LakeTable {
  const raw = kept(tables, survey, () => new LakeTable(join(options.lake, survey, "raw")));
  raw.refresh();
  return raw;
}

async function surveyOf(
  { survey, options, schemas }: Run,
  { bytes }: WaitingMessage,
): Promise<string> {
  return survey === unknownSurvey
    ? await surveyOfMessage(bytes, options.surveys, schemas, unknownSurvey)
    : survey;
}

function discardAlerts(targets: ReadonlyMap<string, Target>): void {
  for (const { raw, files } of targets.values()) discard(raw.path, files);
}

function count(
  counts: RetryCounts,
  survey: string,
  { targets, taken, before, waiting }: Sorted,
): void {
  counts.messages += taken.size;
  counts.archivedBefore += before.size;
  counts.waiting += waiting.size;
  for (const { alerts } of targets.values()) counts.alerts += alerts;
  for (const { code, reason } of waiting.values()) {
    const known = counts.reasons.find(
      (r) => r.survey === survey && r.code === code && r.reason === reason,
    );
    if (known) known.messages++;
    else counts.reasons.push({ survey, code, reason, messages: 1 });
  }
}
