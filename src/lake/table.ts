import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { makeFolder } from "../folder.ts";
import { FinkError, messageOf } from "../errors.ts";
import type { Action, AddFile, Replay, Snapshot } from "./actions.ts";
import { checkpointOf } from "./checkpoint.ts";
import { createWhole, replaceWhole } from "./durable.ts";
import { checkpointPath, entryPath, isWholeCheckpoint, logFolder, readLog, readOn } from "./log.ts";
import { checkWritable, ownProtocol } from "./protocol.ts";
import { fits, type StructType, withFieldsOf } from "./schema.ts";

/** One change of a table: visible whole or not at all. */
export interface Commit {
  /** What made it, e.g. `archive`, `compact`. */
  readonly operation: string;
  readonly add?: readonly AddFile[];
  /** Schema of the added files; fields the table lacks are added to it. */
  readonly schema?: StructType;
  /** Paths of files that the added ones replace. */
  readonly remove?: readonly string[];
  /** Positions this commit moves: from what it was read at (null: no position yet) to the next. */
  readonly positions?: ReadonlyMap<string, { readonly from: number | null; readonly to: number }>;
  /** false: the same rows in other files. */
  readonly dataChange?: boolean;
  /**
   * The added files have some rows of the removed ones, and no others. Readers that follow new rows
   * get none.
   */
  readonly removesRows?: boolean;
  /**
   * The whole new schema, where columns change their type; every file of the table must be in
   * `remove`.
   */
  readonly retype?: StructType;
}

/** Entries between two checkpoints. */
const checkpointEvery = 100;

/**
 * Table properties. Without the second, deltalake reads statistics of the first 32 leaves only, and
 * Polars then fails on a condition on a struct's field.
 */
const tableSettings = {
  "delta.checkpointInterval": String(checkpointEvery),
  "delta.dataSkippingNumIndexedCols": "-1",
};

/** A Delta table in a folder. Several processes may have the same table open and commit. */
export class LakeTable {
  readonly path: string;
  readonly partitionColumns: readonly string[];
  #replay: Replay;

  constructor(path: string, partitionColumns: readonly string[] = ["night"]) {
    this.path = path;
    this.partitionColumns = partitionColumns;
    this.#replay = readLog(path);
  }

  /**
   * The table as last read or committed; `refresh()` brings it up to date. The maps are live: copy
   * what must not change.
   */
  get snapshot(): Snapshot {
    return this.#replay;
  }

  /**
   * Throws FinkError "lake" when the table has features Fink must not write to: before any work is
   * done for a commit.
   */
  checkWritable(): void {
    checkWritable(this.path, this.#replay);
  }

  /** Reads what others committed since. True when there was anything. */
  refresh(): boolean {
    return readOn(this.path, this.#replay);
  }

  /**
   * Adds one log entry and returns its version. Throws FinkError "fenced" when a position is not
   * where the commit was read at, or a file to remove is gone: somebody else did the work, and what
   * was read has to be read again from the positions the table has now. Throws FinkError
   * "type-conflict" when the table's columns took another type meanwhile.
   */
  commit(change: Commit): number {
    makeFolder(logFolder(this.path));
    for (;;) {
      this.refresh();
      this.checkWritable();
      const { version } = this.#replay;
      this.#check(change);
      const actions = this.#actions(change);
      const bytes = Buffer.from(actions.map((a) => JSON.stringify(a)).join("\n") + "\n");
      // another writer took this version: look at what it did, try the next
      if (!createWhole(entryPath(this.path, version + 1), bytes)) continue;
      for (const action of actions) this.#replay.apply(action);
      this.#replay.version = version + 1;
      if (this.#replay.version > 0 && this.#replay.version % checkpointEvery === 0)
        this.tryCheckpoint();
      return this.#replay.version;
    }
  }

  /**
   * Writes the snapshot as a checkpoint. Readers need it only for speed: a crash in between costs
   * nothing.
   */
  checkpoint(): void {
    const { version } = this.#replay;
    const path = checkpointPath(this.path, version);
    this.checkWritable();
    const { bytes, rows } = checkpointOf(this.#replay);
    if (!isWholeCheckpoint(path)) replaceWhole(path, bytes);
    replaceWhole(
      join(logFolder(this.path), "_last_checkpoint"),
      Buffer.from(JSON.stringify({ version, size: rows })),
    );
  }

  /**
   * Never throws: the commit before it is done, with or without a checkpoint, and who took it for
   * failed would remove the files it names. The next one tries again.
   */
  tryCheckpoint(): void {
    try {
      this.checkpoint();
    } catch (error) {
      process.emitWarning(
        `${this.path}: no checkpoint of version ${this.#replay.version}: ${messageOf(error)}`,
      );
    }
  }

  #check(change: Commit): void {
    const { positions, files, schema, metaData } = this.#replay;
    const isAppendOnly = metaData?.configuration["delta.appendOnly"] === "true";
    if (isAppendOnly && (change.remove?.length ?? 0) > 0 && change.dataChange !== false) {
      throw new FinkError(
        "lake",
        `${this.path}: ${change.operation} would change rows of a table that is append-only (delta.appendOnly); set that to false`,
      );
    }
    for (const [appId, { from }] of change.positions ?? []) {
      const now = positions.get(appId) ?? null;
      if (now !== from)
        throw new FinkError(
          "fenced",
          `${this.path}: ${appId} is at ${now}, not at ${from}: another writer was first`,
        );
    }
    for (const path of change.remove ?? []) {
      if (!files.has(path))
        throw new FinkError("fenced", `${this.path}: ${path} was replaced by another writer`);
    }
    if (change.retype && change.remove?.length !== files.size)
      throw new FinkError("fenced", `${this.path}: files were added by another writer`);
    if (change.schema && !change.retype && !fits(schema, change.schema)) {
      throw new FinkError(
        "type-conflict",
        `${this.path}: a column changed its type since the files were written`,
      );
    }
  }

  #actions(change: Commit): Action[] {
    const now = Date.now();
    const dataChange = change.dataChange ?? true;
    const actions: Action[] = [
      {
        commitInfo: {
          timestamp: now,
          operation: change.operation,
          engineInfo: "fink",
          txnId: randomUUID(),
        },
      },
    ];
    if (this.#replay.version < 0) actions.push({ protocol: ownProtocol });
    const metaData = this.#metaData(change, now);
    if (metaData) actions.push({ metaData });
    for (const [appId, { to }] of change.positions ?? [])
      actions.push({ txn: { appId, version: to, lastUpdated: now } });
    for (const path of change.remove ?? []) {
      const { partitionValues, size } = this.#replay.files.get(path)!;
      actions.push({
        remove: {
          path,
          deletionTimestamp: now,
          dataChange,
          extendedFileMetadata: true,
          partitionValues,
          size,
        },
      });
    }
    for (const add of change.add ?? [])
      actions.push({ add: { ...add, dataChange: dataChange && change.removesRows !== true } });
    return actions;
  }

  /**
   * A new description of the table where this change needs one: the first of all, or new columns.
   */
  #metaData(change: Commit, now: number): Action["metaData"] | null {
    const old = this.#replay.metaData;
    const partitions: StructType = {
      type: "struct",
      fields: this.partitionColumns.map((name) => ({
        name,
        type: "integer",
        nullable: true,
        metadata: {},
      })),
    };
    const base = old ? this.#replay.schema : partitions;
    const schema = change.retype ?? (change.schema ? withFieldsOf(base, change.schema) : base);
    const schemaString = JSON.stringify(schema);
    if (
      old?.schemaString === schemaString &&
      Object.keys(tableSettings).every((key) => key in (old.configuration ?? {}))
    )
      return null;
    return {
      id: old?.id ?? randomUUID(),
      format: { provider: "parquet", options: {} },
      schemaString,
      partitionColumns: this.partitionColumns,
      configuration: { ...tableSettings, ...old?.configuration },
      createdTime: old?.createdTime ?? now,
    };
  }
}

/** Another writer was first, or changed the columns meanwhile. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof FinkError && (error.code === "fenced" || error.code === "type-conflict");
}
