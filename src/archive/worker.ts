import { parentPort, workerData } from "node:worker_threads";
import { SchemaStore, type SchemaPlaces } from "../avro/registry.ts";
import { FinkError, type ErrorCode, messageOf } from "../errors.ts";
import type { Batch } from "./batch.ts";
import { MessageDecoder } from "./decode.ts";
import { type Destination, plan, type WrittenFiles, writeAlerts, writeRejects } from "./files.ts";
import type { StructType } from "../lake/schema.ts";

/** What every worker is started with. */
export interface WorkerSetup {
  readonly schemas: SchemaPlaces;
  readonly bareSchema: string;
  readonly maxMessageBytes: number;
}

/** A batch to decode and write. */
export interface Job extends Destination {
  readonly batch: Batch;
  readonly rejectedTable: string;
  readonly mayWiden: boolean;
}

export type Outcome =
  | { readonly kind: "written"; readonly raw: WrittenFiles; readonly rejected: WrittenFiles; readonly reasons: readonly string[] }
  | { readonly kind: "widen"; readonly schema: StructType }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/** The answer brings the batch's buffer back. */
export interface Answer {
  readonly outcome: Outcome;
  readonly buffer: ArrayBuffer;
}

if (parentPort) serve(parentPort, workerData as WorkerSetup);

function serve(port: NonNullable<typeof parentPort>, { schemas, bareSchema, maxMessageBytes }: WorkerSetup): void {
  const decoder = new MessageDecoder({ schemas: new SchemaStore(schemas), bareSchema, maxMessageBytes });
  port.on("message", (job: Job) => {
    void work(decoder, job).then((outcome) => {
      const answer: Answer = { outcome, buffer: job.batch.buffer };
      port.postMessage(answer, [answer.buffer]);
    });
  });
}

/** Decodes and writes one batch. A failure is of the disk, not of an alert: bad alerts are in the outcome's rejected file. */
export async function work(decoder: MessageDecoder, job: Job): Promise<Outcome> {
  try {
    const { decoded, rejects } = await decoder.decode(job.batch, job.survey);
    const planned = plan(decoded, job.schema, job.mayWiden, rejects);
    if (planned.kind === "widen") return planned;
    const raw = writeAlerts(job.batch, planned.decoded, { ...job, schema: planned.schema });
    const rejected = writeRejects(job.batch, rejects, job.rejectedTable);
    return { kind: "written", raw, rejected, reasons: rejects.slice(0, 10).map((r) => r.reason) };
  } catch (error) {
    return { kind: "failed", code: error instanceof FinkError ? error.code : "io", message: messageOf(error) };
  }
}
