import { readFileSync } from "node:fs";
import {
  Bool,
  type DataType,
  Field,
  Int32,
  Int64,
  makeBuilder,
  Map_,
  MapRow,
  Struct,
  type StructRowProxy,
  Utf8,
  List,
  Vector,
} from "apache-arrow";
import type { Action, Snapshot } from "./actions.ts";
import { fromParquet, toParquet } from "./parquet.ts";
import { ownProtocol } from "./protocol.ts";

/**
 * A snapshot as a checkpoint file (Delta protocol, "Checkpoints"): one row per action, one struct
 * column per kind.
 */
export function checkpointOf(
  snapshot: Snapshot,
  now: number = Date.now(),
): { readonly bytes: Uint8Array; readonly rows: number } {
  const builder = makeBuilder({ type: checkpointType, nullValues: [null, undefined] });
  for (const action of checkpointActions(snapshot, now)) builder.append(row(action));
  return { rows: builder.length, bytes: toParquet(builder.finish().flush()) };
}

/** The actions of a checkpoint file, ours or another writer's. */
export function* readCheckpoint(path: string): Generator<Action> {
  const table = fromParquet(readFileSync(path));
  for (const line of table) yield plain(line) as Action;
}

/**
 * How long a checkpoint remembers that a file was replaced; vacuum goes by the files' age after
 * that.
 */
const keepTombstonesMs = 30 * 86_400_000;

function* checkpointActions(snapshot: Snapshot, now: number): Generator<Action> {
  yield { protocol: snapshot.protocol ?? ownProtocol };
  if (snapshot.metaData) yield { metaData: snapshot.metaData };
  for (const [appId, version] of snapshot.positions) yield { txn: { appId, version } };
  for (const add of snapshot.files.values()) yield { add };
  for (const remove of snapshot.removed.values())
    if (remove.deletionTimestamp > now - keepTombstonesMs) yield { remove };
}

const text = (name: string) => new Field(name, new Utf8(), true);
const texts = (name: string) =>
  new Field(name, new List(new Field("element", new Utf8(), true)), true);
const long = (name: string) => new Field(name, new Int64(), true);
const flag = (name: string) => new Field(name, new Bool(), true);
const int = (name: string) => new Field(name, new Int32(), true);
const struct = (name: string, ...fields: Field[]) => new Field(name, new Struct(fields), true);
function textMap(name: string): Field {
  const entry = new Struct<{ key: Utf8; value: Utf8 }>([
    new Field("key", new Utf8(), false),
    new Field("value", new Utf8(), true),
  ]);
  return new Field(name, new Map_(new Field("entries", entry, false)), true);
}

const checkpointType: Struct = new Struct([
  struct("txn", text("appId"), long("version"), long("lastUpdated")),
  struct(
    "add",
    text("path"),
    textMap("partitionValues"),
    long("size"),
    long("modificationTime"),
    flag("dataChange"),
    text("stats"),
    textMap("tags"),
  ),
  struct(
    "remove",
    text("path"),
    long("deletionTimestamp"),
    flag("dataChange"),
    textMap("partitionValues"),
    long("size"),
  ),
  struct(
    "metaData",
    text("id"),
    struct("format", text("provider"), textMap("options")),
    text("schemaString"),
    texts("partitionColumns"),
    textMap("configuration"),
    long("createdTime"),
  ),
  struct(
    "protocol",
    int("minReaderVersion"),
    int("minWriterVersion"),
    texts("readerFeatures"),
    texts("writerFeatures"),
  ),
]);

/** An action as Arrow's builder wants it: every field present, longs as bigint, maps as Map. */
function row(action: Action): StructRowProxy {
  return shaped(action, checkpointType) as StructRowProxy;
}

function shaped(value: unknown, type: DataType): unknown {
  if (value === undefined || value === null) return null;
  if (type instanceof Struct) {
    const object = value as Record<string, unknown>;
    return Object.fromEntries(type.children.map((f) => [f.name, shaped(object[f.name], f.type)]));
  }
  if (type instanceof Map_) return new Map(Object.entries(value as object));
  if (type instanceof Int64) return BigInt(value as number);
  return value;
}

/** Arrow's rows → plain JSON; absent fields are left out, but a partition value may be null. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Vector) return [...value].map(plain);
  const entries = [...(value as Iterable<[string, unknown]>)].filter(
    ([, v]) => v !== null || value instanceof MapRow,
  );
  return Object.fromEntries(entries.map(([name, v]) => [name, plain(v)]));
}
