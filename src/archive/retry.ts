import { existsSync } from "node:fs";
import { join } from "node:path";
import { SchemaStore } from "../avro/registry.ts";
import { type ErrorCode, FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { logFolder } from "../lake/log.ts";
import { discard } from "../lake/rewrite.ts";
import { type StructType, withFieldsOf } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { tablesIn } from "../lake/tables.ts";
import { type Upkeep, withUpkeep } from "../lake/upkeep.ts";
import { widenTable } from "../lake/widen.ts";
import type { ArchiverOptions } from "./archiver.ts";
import { type Decoded, MessageDecoder, type Reject } from "./decode.ts";
import { encodeAlerts, encodeRejects, plan, writeFiles, type WrittenFiles } from "./files.ts";
import { unknownSurvey } from "./setup.ts";
import { surveyOfMessage } from "./survey-of.ts";
import { archivedKeys, batchOf, type WaitingMessage, waitingMessages } from "./waiting-rows.ts";

export interface RetryOptions extends Pick<ArchiverOptions, "lake" | "surveys" | "schemas" | "bareSchema" | "maxMessageMegabytes"> {
  /** Only what waits in this survey's table. */
  readonly survey?: string;
  /** Only what waits for this reason, e.g. `type-conflict`. */
  readonly code?: string;
  /** A table larger than this is not widened; alerts that need it wait on. */
  readonly widenUpToBytes: number;
}

export interface RetryCounts {
  /** Messages that were taken over, and the alerts in them. */
  readonly messages: number;
  readonly alerts: number;
  /** Messages that were in `raw` before: an earlier retry was killed half-way. */
  readonly archivedBefore: number;
  /** Messages that wait on; of those that `code` chose. */
  readonly waiting: number;
  /** What they wait for, the most frequent first. */
  readonly reasons: readonly { readonly survey: string; readonly code: string; readonly reason: string; readonly messages: number }[];
}

/** Decodes again what waits in the lake's `rejected` tables, and takes over what can be read now. The archive may run meanwhile. */
export async function retry(options: RetryOptions): Promise<RetryCounts> {
  return await withUpkeep(options.lake, async (upkeep) => {
    const run = new Run(upkeep, options);
    for (const { survey, kind } of tablesIn(options.lake)) {
      if (kind === "rejected" && (options.survey ?? survey) === survey) await run.table(survey);
    }
    return run.counts();
  });
}

/** What becomes of the messages of one file of `rejected`. */
interface Sorted {
  readonly targets: readonly Target[];
  /** Messages that are in `raw` with the next commit, or were before. */
  readonly done: ReadonlyMap<string, WaitingMessage["offset"]>;
  readonly waiting: ReadonlyMap<string, { readonly code: ErrorCode; readonly reason: string }>;
}

/** The new files of one survey's `raw`. */
interface Target {
  readonly raw: LakeTable;
  readonly keys: { readonly key: string; readonly offset: bigint }[];
  files: AddFile[];
  schema: StructType | null;
  alerts: number;
}

/** How often a file is tried again when other writers change the tables meanwhile. */
const maxTries = 20;

class Run {
  readonly #upkeep: Upkeep;
  readonly #options: RetryOptions;
  readonly #schemas: SchemaStore;
  readonly #decoder: MessageDecoder;
  readonly #reasons = new Map<string, { survey: string; code: string; reason: string; messages: number }>();
  readonly #counts = { messages: 0, alerts: 0, archivedBefore: 0, waiting: 0 };

  constructor(upkeep: Upkeep, options: RetryOptions) {
    this.#upkeep = upkeep;
    this.#options = options;
    this.#schemas = new SchemaStore(options.schemas);
    this.#decoder = new MessageDecoder({ schemas: this.#schemas, bareSchema: options.bareSchema, maxMessageBytes: options.maxMessageMegabytes * 1e6 });
  }
}
