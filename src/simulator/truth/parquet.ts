import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import type * as Parquet from "parquet-wasm";
import { parquet } from "../../lake/parquet.ts";
import { Table, tableToIPC } from "apache-arrow";
import { FinkError, messageOf } from "../../errors.ts";
import { type Columns, recordBatchOf, type RowOf, schemaOf } from "./columns.ts";

/** As many rows are held in memory before they are compressed. */
const rowGroup = 50_000;

/**
 * A Parquet file of any length, written row group by row group to `<path>.part`. Errors of the disk
 * come out of whatever is called next.
 */
export class ParquetWriter<C extends Columns> {
  readonly path: string;
  readonly #columns: C;
  readonly #rows: RowOf<C>[] = [];
  readonly #file: FileHandle;
  readonly #batches: WritableStreamDefaultWriter<Parquet.RecordBatch>;
  readonly #written: Promise<void>;
  #failure: Error | null = null;
  #ended: Promise<void> | null = null;

  static async create<C extends Columns>(path: string, columns: C): Promise<ParquetWriter<C>> {
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isFolder) throw new FinkError("io", `${path} is a folder; give the name of a file in it`);
    const file = await open(`${path}.part`, "w").catch((error: unknown) => {
      throw cannotWrite(path, error);
    });
    const writer = new ParquetWriter(path, columns, file);
    // the encoder takes the columns from its first batch, and fails without one
    await writer.#write([]);
    return writer;
  }

  private constructor(path: string, columns: C, file: FileHandle) {
    this.path = path;
    this.#columns = columns;
    this.#file = file;
    const { readable, writable } = new TransformStream<Parquet.RecordBatch>();
    this.#batches = writable.getWriter();
    this.#written = this.#drain(readable);
  }

  async add(rows: readonly RowOf<C>[]): Promise<void> {
    for (const row of rows) this.#rows.push(row);
    while (this.#rows.length >= rowGroup) await this.#write(this.#rows.splice(0, rowGroup));
  }

  /** The file is complete and on the disk, but not under its name yet. */
  async close(): Promise<void> {
    await this.#write(this.#rows.splice(0));
    await (this.#ended ??= this.#finish());
    if (this.#failure) throw cannotWrite(this.path, this.#failure);
  }

  async publish(): Promise<void> {
    await rename(`${this.path}.part`, this.path).catch((error: unknown) => {
      throw cannotWrite(this.path, error);
    });
  }

  async discard(): Promise<void> {
    this.#failure ??= new Error("discarded");
    await (this.#ended ??= this.#finish());
    await rm(`${this.path}.part`, { force: true });
  }

  async #write(rows: readonly RowOf<C>[]): Promise<void> {
    if (this.#failure) throw cannotWrite(this.path, this.#failure);
    const schema = schemaOf(this.#columns);
    const table = parquet.Table.fromIPCStream(
      tableToIPC(new Table(schema, [recordBatchOf(schema, this.#columns, rows)]), "stream"),
    );
    for (const batch of table.recordBatches()) await this.#batches.write(batch);
    table.free();
  }

  /**
   * What the encoder gives goes to the disk; after an error it is dropped, because an encoder that
   * nobody reads never ends.
   */
  async #drain(batches: ReadableStream<Parquet.RecordBatch>): Promise<void> {
    const properties = new parquet.WriterPropertiesBuilder()
      .setCompression(parquet.Compression.ZSTD)
      .setMaxRowGroupSize(rowGroup)
      .build();
    const bytes = (await parquet.transformParquetStream(
      batches,
      properties,
    )) as ReadableStream<Uint8Array>;
    for await (const chunk of bytes) {
      if (this.#failure) continue;
      await this.#file.writeFile(chunk).catch((error: Error) => (this.#failure ??= error));
    }
  }

  async #finish(): Promise<void> {
    await this.#batches.close();
    await this.#written;
    if (!this.#failure) await this.#file.sync().catch((error: Error) => (this.#failure = error));
    await this.#file.close();
  }
}

export function cannotWrite(path: string, cause: unknown): FinkError {
  return new FinkError(
    "io",
    `${path} cannot be written: ${messageOf(cause)}; give a folder that may be written to and has room`,
    cause,
  );
}
