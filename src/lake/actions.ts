import type { Protocol } from "./protocol.ts";
import { emptySchema, type StructType } from "./schema.ts";

/**
 * The lines of a Delta log entry (Delta protocol, "Actions"): each action is an object with one of
 * these keys.
 */
export interface Action {
  readonly protocol?: Protocol;
  readonly metaData?: MetaData;
  readonly add?: AddFile;
  readonly remove?: RemoveFile;
  readonly txn?: {
    readonly appId: string;
    readonly version: number;
    readonly lastUpdated?: number;
  };
  readonly commitInfo?: Readonly<Record<string, unknown>>;
}

export interface MetaData {
  readonly id: string;
  readonly format: {
    readonly provider: string;
    readonly options: Readonly<Record<string, string>>;
  };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  readonly createdTime?: number;
}

export interface AddFile {
  /** Relative to the table's folder. */
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  /** ms since 1970. */
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** JSON: numRecords, minValues, maxValues, nullCount. */
  readonly stats?: string;
  /** `fink.columns`: names of the file's top-level columns, see scan.ts. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface RemoveFile {
  readonly path: string;
  readonly deletionTimestamp: number;
  readonly dataChange: boolean;
  readonly partitionValues?: Readonly<Record<string, string | null>>;
  readonly size?: number;
  readonly extendedFileMetadata?: boolean;
}

/** All that the log says up to one version. */
export interface Snapshot {
  /** -1: there is no table yet. */
  readonly version: number;
  readonly protocol: Protocol | null;
  readonly schema: StructType;
  readonly metaData: MetaData | null;
  readonly files: ReadonlyMap<string, AddFile>;
  /** Files that were replaced and may still be read by somebody. */
  readonly removed: ReadonlyMap<string, RemoveFile>;
  /**
   * Position per reader and source partition: the next offset or table version (`txn.version` by
   * `txn.appId`).
   */
  readonly positions: ReadonlyMap<string, number>;
}

/** A snapshot while it is being read. */
export class Replay implements Snapshot {
  version = -1;
  protocol: Protocol | null = null;
  schema: StructType = emptySchema;
  metaData: MetaData | null = null;
  readonly files = new Map<string, AddFile>();
  readonly removed = new Map<string, RemoveFile>();
  readonly positions = new Map<string, number>();

  clear(): void {
    for (const map of [this.files, this.removed, this.positions]) map.clear();
  }

  apply(action: Action): void {
    if (action.add) {
      this.files.set(action.add.path, action.add);
      this.removed.delete(action.add.path);
    } else if (action.remove) {
      this.files.delete(action.remove.path);
      this.removed.set(action.remove.path, action.remove);
    } else if (action.txn) {
      this.positions.set(action.txn.appId, action.txn.version);
    } else if (action.protocol) {
      this.protocol = action.protocol;
    } else if (action.metaData) {
      this.metaData = action.metaData;
      this.schema = JSON.parse(action.metaData.schemaString) as StructType;
    }
  }
}
