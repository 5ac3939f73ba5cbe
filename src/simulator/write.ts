import type { EventEmitter } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { type NightOptions, simulateNight } from "./night.ts";

/** One file per alert, or all of them in `<survey>_<date>.tar.gz`, as surveys publish their nights. */
export type NightForm = "files" | "tar.gz";

/** Writes a night into the folder. Returns what to ingest: the folder, or the path of the archive. */
export async function writeNight(folder: string, options: NightOptions, form: NightForm, onProgress: (written: number) => void = () => {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  if (form === "files") {
    await eachAlert(options, onProgress, (name, bytes) => writeFile(join(folder, name), bytes));
    return folder;
  }
  const path = join(folder, `${options.survey}_${options.date}.tar.gz`);
  const archive = pack();
  const fill = async (): Promise<void> => {
    await eachAlert(options, onProgress, (name, bytes, publishedAt) => addEntry(archive, name, bytes, publishedAt));
    archive.finalize();
  };
  // tar-stream's types rest on streamx, which has none: the compiler sees no stream here.
  const chunks = archive as unknown as AsyncIterable<Uint8Array>;
  await Promise.all([fill(), pipeline(chunks, createGzip({ level: 1 }), createWriteStream(path))]);
  return path;
}

async function eachAlert(
  options: NightOptions,
  onProgress: (written: number) => void,
  write: (name: string, bytes: Uint8Array, publishedAt: number) => Promise<void>,
): Promise<void> {
  const extension = options.survey === "lsst" ? "bin" : "avro";
  let written = 0;
  for (const { alertId, bytes, publishedAt } of simulateNight(options)) {
    await write(`${alertId}.${extension}`, bytes, publishedAt);
    onProgress(++written);
  }
}

function addEntry(archive: Pack, name: string, bytes: Uint8Array, publishedAt: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = archive.entry({ name, mtime: new Date(publishedAt) }, bytes, (error) => (error ? reject(error) : resolve()));
    (entry as unknown as EventEmitter).on("error", reject); // a full disk destroys the entry being written
  });
}
