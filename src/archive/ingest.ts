import type { Config } from "../config/schema.ts";
import { listAlertFiles } from "../sources/file-list.ts";
import { type FileProgress, FileSource } from "../sources/files.ts";
import { Archiver } from "./archiver.ts";
import { archiverOptions, surveyOfFile } from "./setup.ts";

export interface IngestCounts {
  readonly archived: number;
  readonly rejected: number;
  /** Alerts that were in the lake before. */
  readonly duplicates: number;
  readonly seconds: number;
}

export interface IngestEvents {
  readonly progress?: (progress: FileProgress, archived: number) => void;
  /** Something the user should know, as a sentence. */
  readonly warn: (message: string) => void;
}

/** Archives files of alerts once and returns the counts. `survey`: for files whose schema does not tell, or all of them when given. */
export async function ingest(paths: readonly string[], config: Config, survey: string | undefined, events: IngestEvents, signal: AbortSignal): Promise<IngestCounts> {
  const startedAt = performance.now();
  const { skipped } = listAlertFiles(paths);
  if (skipped > 0) events.warn(`${skipped} files are neither .avro, .bin, .parquet nor .tar.gz and were passed over`);
  const archiver = new Archiver({
    ...archiverOptions(config, config.lake),
    onTrouble: (message) => message !== "" && events.warn(`the lake cannot be written, trying again: ${message}`),
    onRejected: (of, [reason], count) => events.warn(`${count} of ${of} rejected: ${reason}`),
  });
  const source = new FileSource({
    paths,
    surveyOf: survey === undefined ? surveyOfFile(config, config.lake) : () => survey,
    onProblem: (error) => events.warn(error.message),
    once: true,
  });
  const report = setInterval(() => events.progress?.(source.progress(), archiver.meter.archived), 200);
  try {
    await archiver.run([source], signal);
  } finally {
    clearInterval(report);
    events.progress?.(source.progress(), archiver.meter.archived);
    await archiver.close();
  }
  const { archived, rejected } = archiver.meter;
  return { archived, rejected, duplicates: archiver.duplicates + source.progress().recordsSkipped, seconds: (performance.now() - startedAt) / 1000 };
}
