import { openAsBlob } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type * as Parquet from "parquet-wasm";
import { parquet } from "../lake/parquet.ts";

/** What the thread is to read. */
export interface ReadApart {
  readonly path: string;
  readonly options: Parquet.ReaderOptions;
}

// Runs once, as a thread: posts the columns as a stream of Arrow IPC and ends.
const { path, options } = workerData as ReadApart;
const file = await parquet.ParquetFile.fromFile(await openAsBlob(path));
const stream = (await file.read(options)).intoIPCStream().slice();
parentPort!.postMessage(stream, [stream.buffer]);
