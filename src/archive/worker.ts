import { parentPort, workerData } from "node:worker_threads";
import { SchemaStore, type SchemaPlaces } from "../avro/registry.ts";
import { messageOf } from "../errors.ts";
import type { Batch } from "./batch.ts";
import { MessageDecoder, type Reject } from "./decode.ts";
import {
  type Destination,
  type EncodedFile,
  encodeAlerts,
  encodeRejects,
  plan,
  type WrittenFiles,
  writeFiles,
} from "./files.ts";
import { discard } from "../lake/rewrite.ts";
import type { StructType } from "../lake/schema.ts";
import { keepMemorySteady } from "../memory.ts";

/** What every worker is started with. */
export interface WorkerSetup {
  readonly schemas: SchemaPlaces;
  readonly bareSchema: string;
  readonly maxMessageBytes: number;
}

/** A batch to decode and write. */
export interface Job extends Destination {
  readonly batch: Batch;
  /** Folder of the table. */
  readonly table: string;
  readonly rejectedTable: string;
  readonly mayWiden: boolean;
}

export type Outcome =
  | {
      readonly kind: "written";
      readonly raw: WrittenFiles;
      readonly rejected: WrittenFiles;
      readonly reasons: readonly string[];
    }
  | { readonly kind: "widen"; readonly schema: StructType }
  | { readonly kind: "failed"; readonly message: string };

export interface Request {
  readonly id: number;
  readonly job: Job;
}

/** The answer brings the batch's buffer back. */
export interface Answer {
  readonly id: number;
  readonly outcome: Outcome;
  readonly buffer: ArrayBuffer;
}

if (parentPort) {
  keepMemorySteady();
  serve(parentPort, workerData as WorkerSetup);
}

/**
 * Decodes one batch after the other; while one is being written to the disk the next is decoded.
 */
function serve(
  port: NonNullable<typeof parentPort>,
  { schemas, bareSchema, maxMessageBytes }: WorkerSetup,
): void {
  const decoder = new MessageDecoder({
    schemas: new SchemaStore(schemas),
    bareSchema,
    maxMessageBytes,
  });
  let decoding: Promise<unknown> = Promise.resolve();
  port.on("message", ({ id, job }: Request) => {
    const encoded = decoding.then(() => encode(decoder, job)).catch(failure);
    decoding = encoded;
    void encoded
      .then((result) => (result.kind === "encoded" ? write(result, job) : result))
      .catch(failure)
      .then((outcome) => {
        const answer: Answer = { id, outcome, buffer: job.batch.buffer };
        port.postMessage(answer, [answer.buffer]);
      });
  });
}

/** Decodes and writes one batch. */
export async function work(decoder: MessageDecoder, job: Job): Promise<Outcome> {
  const result = await encode(decoder, job);
  return result.kind === "encoded" ? await write(result, job) : result;
}

interface Encoded {
  readonly kind: "encoded";
  readonly raw: readonly EncodedFile[];
  readonly rejects: readonly Reject[];
}

/** What is needed to turn messages into data files, but not to write them. */
type Encoding = Pick<Job, "batch" | "survey" | "schema" | "mayWiden">;

/** Decodes one batch into data files; or says which wider columns the table needs first. */
export async function encode(
  decoder: MessageDecoder,
  job: Encoding,
  poison: readonly Reject[] = [],
): Promise<Encoded | (Outcome & { kind: "widen" })> {
  const { batch, survey } = job;
  const left =
    poison.length > 0
      ? range(batch.count).filter((i) => !poison.some((p) => p.message === i))
      : undefined;
  const { decoded, rejects } = await decoder.decode(batch, left);
  rejects.push(...poison);
  const planned = plan(decoded, job.schema, job.mayWiden, rejects);
  if (planned.kind === "widen") return planned;
  try {
    const raw = encodeAlerts(batch, planned.decoded, { survey, schema: planned.schema });
    return { kind: "encoded", raw, rejects };
  } catch (error) {
    if (poison.length > 0) throw error;
    return await encode(decoder, job, await poisonIn(decoder, job, error));
  }
}

/**
 * Nothing that was decoded should fail to be encoded. Should it all the same, the messages to blame
 * are found one by one, and wait.
 */
async function poisonIn(
  decoder: MessageDecoder,
  { batch, survey, schema }: Encoding,
  error: unknown,
): Promise<Reject[]> {
  const found: Reject[] = [];
  for (const message of range(batch.count)) {
    const { decoded } = await decoder.decode(batch, [message]);
    try {
      const planned = plan(decoded, schema, false, []);
      if (planned.kind === "write")
        encodeAlerts(batch, planned.decoded, { survey, schema: planned.schema });
    } catch (cause) {
      found.push({
        message,
        code: "internal",
        reason: `the decoded alert cannot be stored: ${messageOf(cause)}`,
      });
    }
  }
  if (found.length === 0) throw error;
  return found;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/**
 * Both tables' files or none: it is tried again every second, and what is left behind would fill up
 * a disk that is nearly full.
 */
async function write(
  { raw, rejects }: Encoded,
  { batch, table, rejectedTable }: Job,
): Promise<Outcome> {
  const alerts = await writeFiles(raw, table);
  try {
    const rejected = await writeFiles(encodeRejects(batch, rejects), rejectedTable);
    return {
      kind: "written",
      raw: alerts,
      rejected,
      reasons: rejects.slice(0, 10).map((r) => r.reason),
    };
  } catch (error) {
    discard(table, alerts.files);
    throw error;
  }
}

/** A failure is of the disk, not of an alert: bad alerts are in the rejected file. */
function failure(error: unknown): Outcome & { kind: "failed" } {
  return { kind: "failed", message: messageOf(error) };
}
