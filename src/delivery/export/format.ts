import type { Data, Struct } from "apache-arrow";
import { compileColumnEncoder, type ColumnEncoder } from "../../avro/column-encoder.ts";
import { writeContainer } from "../../avro/container.ts";
import { avroSchemaOf } from "../../lake/avro-schema.ts";
import type { StructType } from "../../lake/schema.ts";
import { csvLine } from "../../sql/output.ts";
import { objectsOf } from "../json.ts";
import { type ExportFormat, voTable } from "./votable.ts";

/** Where the rows of an export go. `bytes`: of the file so far; Kafka has none. */
export interface Sink {
  begin(): Promise<number>;
  /** `first`: number of the first row. */
  rows(data: Data<Struct>, first: number, bytes: number): Promise<number>;
  safe(): Promise<void>;
  end(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * `id`: of this export; it makes the sync marker of Avro, which has to be the same after an
 * interruption.
 */
export function formatOf(
  format: "avro" | "csv" | "vot",
  columns: StructType,
  id: string,
): ExportFormat {
  if (format === "vot") return voTable(columns);
  return format === "avro" ? avroContainer(columns, id) : csv(columns);
}

function csv(columns: StructType): ExportFormat {
  const lineOf = (row: object): string => csvLine(Object.values(row));
  const heading = csvLine(columns.fields.map(({ name }) => name));
  return {
    head: () => Buffer.from(heading),
    rows: (data) => Buffer.from(objectsOf(data, columns).map(lineOf).join("")),
    tail: () => Buffer.alloc(0),
  };
}

function avroContainer(columns: StructType, id: string): ExportFormat {
  const encode = rowEncoder(avroSchemaOf(columns, "fink.export"));
  const container = {
    schema: encode.schema,
    codec: "deflate",
    sync: Buffer.from(id.padEnd(16, "0").slice(0, 16)),
  } as const;
  const head = writeContainer({ ...container, blocks: [] });
  return {
    head: () => head,
    rows: (data) =>
      writeContainer({ ...container, blocks: [encode.rows(data)] }).subarray(head.length),
    tail: () => Buffer.alloc(0),
  };
}

/** Encodes rows of columns that are all of one type. */
export function rowEncoder(schema: string): {
  readonly schema: string;
  rows(data: Data<Struct>): Uint8Array[];
} {
  let encoder: ColumnEncoder | null = null;
  return {
    schema,
    rows(data) {
      encoder ??= compileColumnEncoder(schema, [data.type]);
      encoder.bind([data]);
      return Array.from({ length: data.length }, (_, row) => encoder!.encode([row]));
    },
  };
}
