import { createRequire } from "node:module";
import type * as Parquet from "parquet-wasm";
import {
  type Data,
  DataType,
  RecordBatch,
  Schema,
  type Struct,
  Table,
  tableFromIPC,
  tableToIPC,
} from "apache-arrow";

// parquet-wasm's Node build is CommonJS; importing it by name picks the browser's.
export const parquet = createRequire(import.meta.url)("parquet-wasm") as typeof Parquet;

/**
 * Columns → the bytes of a Parquet file of one row group. zstd, but for bytes that are compressed
 * already.
 */
export function toParquet(columns: Data<Struct>): Uint8Array {
  const schema = new Schema(columns.type.children);
  const ipc = tableToIPC(new Table(schema, [new RecordBatch(schema, columns)]), "stream");
  let properties = new parquet.WriterPropertiesBuilder()
    .setCompression(parquet.Compression.ZSTD)
    .setDictionaryEnabled(false) // costs more time than zstd needs to find the same repetitions
    .setStatisticsEnabled(parquet.EnabledStatistics.Chunk)
    .setMaxRowGroupSize(Math.max(1, columns.length));
  for (const path of compressedAlready(columns))
    properties = properties.setColumnCompression(path, parquet.Compression.UNCOMPRESSED);
  return parquet.writeParquet(parquet.Table.fromIPCStream(ipc), properties.build());
}

/** A Parquet file → an Arrow table, of all its columns or only the named ones. */
export function fromParquet(bytes: Uint8Array, columns?: string[]): Table {
  return tableFromIPC(parquet.readParquet(bytes, columns ? { columns } : {}).intoIPCStream());
}

/** Paths of binary columns whose first value starts like gzip, zstd, JPEG or PNG. */
function compressedAlready(data: Data, path = ""): string[] {
  if (DataType.isStruct(data.type)) {
    return data.type.children.flatMap((f, i) =>
      compressedAlready(data.children[i], path === "" ? f.name : `${path}.${f.name}`),
    );
  }
  if (!DataType.isBinary(data.type)) return [];
  const head = Buffer.from((data.values as Uint8Array).subarray(0, 4)).toString("hex");
  return ["1f8b", "28b52ffd", "ffd8ff", "89504e47"].some((magic) => head.startsWith(magic))
    ? [path]
    : [];
}
