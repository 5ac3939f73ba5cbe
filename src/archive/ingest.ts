import type { Config } from "../config/schema.ts";
import { type ListedFile, listAlertFiles } from "../sources/file-list.ts";
import { readableNames } from "../sources/file-format.ts";
import { type FileProgress, FileSource } from "../sources/files.ts";
import { FinkError, messageOf } from "../errors.ts";
import { requireWritable } from "../folder.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import { Archiver, widenUpToBytes } from "./archiver.ts";
import { currentFiles, ingestParquet, type ParquetCounts } from "./parquet-files.ts";
import { archiverOptions, surveyOfFile, surveysOf } from "./setup.ts";

export interface IngestCounts {
  readonly archived: number;
  readonly rejected: number;
  /** Alerts that were in the lake before. */
  readonly duplicates: number;
  /**
   * Files that were not read, and members of archives that may hold alerts and were not; absent
   * when there are none.
   */
  readonly passedOver?: number;
  readonly seconds: number;
}

export interface IngestEvents {
  readonly progress?: (progress: FileProgress, archived: number) => void;
  /** Something the user should know, as a sentence. */
  readonly warn: (message: string) => void;
}

/**
 * Archives files of alerts once and returns the counts. `survey`: for files whose schema does not
 * tell, or all of them when given.
 */
export async function ingest(
  paths: readonly string[],
  config: Config,
  survey: string | undefined,
  events: IngestEvents,
  signal: AbortSignal,
): Promise<IngestCounts> {
  // a disk that is full may have room again, and is waited for; this one stays as it is
  requireWritable(config.lake);
  const startedAt = performance.now();
  const { skipped, parquet: listed } = listAlertFiles(paths);
  const parquet = currentFiles(listed);
  if (skipped > 0) events.warn(`${skipped} files were passed over. Fink reads ${readableNames}`);
  const options = archiverOptions(config, config.lake, paths);
  const archiver = new Archiver({
    ...options,
    onTrouble: (message) =>
      message !== "" && events.warn(`the lake cannot be written, trying again: ${message}`),
    onRejected: (of, [reason], count) =>
      events.warn(`${count} of ${of} rejected${count > 1 ? ", the first" : ""}: ${reason}`),
  });
  const source = new FileSource({
    paths,
    surveyOf: survey === undefined ? surveyOfFile(options) : () => survey,
    onProblem: (error) => events.warn(error.message),
    once: true,
  });
  const tables = { archived: 0, duplicates: 0, done: 0 };
  const tell = () =>
    events.progress?.(
      withParquet(source.progress(), parquet, tables.done),
      archiver.meter.archived + tables.archived,
    );
  const report = setInterval(tell, 200);
  try {
    await archiver.run([source], signal);
    for await (const { archived, duplicates } of parquetCounts(
      parquet,
      config,
      survey,
      events,
      signal,
    )) {
      tables.archived += archived;
      tables.duplicates += duplicates;
      tables.done++;
    }
  } finally {
    clearInterval(report);
    tell();
    await archiver.close();
  }
  const { archived, rejected } = archiver.meter;
  const passedOver = skipped + source.progress().passedOver;
  return {
    archived: archived + tables.archived,
    rejected,
    duplicates: archiver.duplicates + source.progress().recordsSkipped + tables.duplicates,
    ...(passedOver > 0 && { passedOver }),
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/**
 * Archives one Parquet file after the other; one that cannot be archived is told of and counts
 * nothing.
 */
async function* parquetCounts(
  files: readonly ListedFile[],
  config: Config,
  survey: string | undefined,
  events: IngestEvents,
  signal: AbortSignal,
): AsyncGenerator<ParquetCounts> {
  const options = { lake: config.lake, surveys: surveysOf(config), survey, widenUpToBytes };
  for (const file of files) {
    if (signal.aborted) return;
    try {
      yield await withUpkeep(config.lake, (upkeep) => ingestParquet(upkeep, file, options));
    } catch (error) {
      if (!(error instanceof FinkError)) throw error;
      events.warn(messageOf(error));
      yield { archived: 0, duplicates: 0 };
    }
  }
}

function withParquet(
  progress: FileProgress,
  files: readonly ListedFile[],
  done: number,
): FileProgress {
  const bytes = (some: readonly ListedFile[]) => some.reduce((sum, file) => sum + file.bytes, 0);
  return {
    ...progress,
    bytesDone: progress.bytesDone + bytes(files.slice(0, done)),
    bytesTotal: progress.bytesTotal + bytes(files),
    filesDone: progress.filesDone + done,
    filesTotal: progress.filesTotal + files.length,
  };
}
