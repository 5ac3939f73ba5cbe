import { containerBlocks, ContainerHeaders } from "../avro/container.ts";
import { compileDecoder, type Decoder, maxMemory, take } from "../avro/decoder.ts";
import { fingerprint } from "../avro/fingerprint.ts";
import type { SchemaStore } from "../avro/registry.ts";
import { readWireHeader } from "../avro/wire.ts";
import { type ErrorCode, FinkError, messageOf } from "../errors.ts";
import type { Batch } from "./batch.ts";
import { reservedColumns } from "./columns.ts";

/** A message that could not be archived, and why. */
export interface Reject {
  readonly message: number;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** The alerts of one writer's schema in a batch. */
export interface Decoded {
  readonly decoder: Decoder;
  /** Full name and CRC-64-AVRO fingerprint of the schema, e.g. `ztf.alert:6f8763a52c16544c`. */
  readonly label: string;
  readonly rows: RowOrigins;
}

/** Where each decoded row came from, so that a part of the rows can be decoded again. */
export class RowOrigins {
  /** Bytes the row lies in: the batch's buffer, or a decompressed block. */
  readonly bytes: Buffer[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** Message of the row, and its number within the message. */
  readonly messages: number[] = [];
  readonly records: number[] = [];

  get length(): number {
    return this.messages.length;
  }

  add(bytes: Buffer, start: number, end: number, message: number, record: number): void {
    this.bytes.push(bytes);
    this.starts.push(start);
    this.ends.push(end);
    this.messages.push(message);
    this.records.push(record);
  }

  cut(length: number): void {
    for (const list of [this.bytes, this.starts, this.ends, this.messages, this.records])
      list.length = length;
  }
}

export interface DecodeOptions {
  readonly schemas: SchemaStore;
  /** Text of the schema of bare data; empty: there is none. */
  readonly bareSchema: string;
  readonly maxMessageBytes: number;
}

/** Decoders are kept for as many schemas as this; a new one beyond drops the oldest. */
const maxDecoders = 64;
/**
 * One whose arrays grew larger is not kept. Several times what the largest batch of real alerts
 * needs.
 */
const maxKeptBytes = 256 << 20;

/**
 * Turns batches of messages into columns. One per worker: it keeps the decoders and their arrays.
 */
export class MessageDecoder {
  readonly #options: DecodeOptions;
  readonly #headers = new ContainerHeaders();
  readonly #byText = new Map<string, Decoded>();
  /** The same decoders by the header that named them: a look-up without hashing 20 KB of schema. */
  readonly #byHeader = new WeakMap<Uint8Array, Decoded>();
  /** For the arrays of all decoders and the decompressed blocks of one batch. */
  readonly #memory = { left: maxMemory };
  #unpacked = 0;
  #rejects: Reject[] = [];

  constructor(options: DecodeOptions) {
    this.#options = options;
  }

  /**
   * Decodes what can be decoded; a message counts whole or not at all. The columns are valid until
   * the next call. `only`: numbers of the messages to look at; all by default.
   */
  async decode(
    batch: Batch,
    only: Iterable<number> = Array.from({ length: batch.count }).keys(),
  ): Promise<{ decoded: Decoded[]; rejects: Reject[] }> {
    for (const one of this.#byText.values()) this.#cut(one, one.decoder.start, 0);
    this.#release(0);
    this.#rejects = [];
    const bytes = Buffer.from(batch.buffer);
    await this.#fetchSchemas(batch, bytes);
    for (const i of only) this.#message(bytes, i === 0 ? 0 : batch.ends[i - 1], batch.ends[i], i);
    return {
      decoded: [...this.#byText.values()].filter(({ rows }) => rows.length > 0),
      rejects: this.#rejects,
    };
  }

  #message(bytes: Buffer, start: number, end: number, message: number): void {
    const touched = new Map<Decoded, { counts: readonly number[]; rows: number }>();
    const unpacked = this.#unpacked;
    try {
      this.#records(bytes, start, end, message, touched);
    } catch (error) {
      for (const [one, before] of touched) this.#cut(one, before.counts, before.rows);
      this.#release(unpacked);
      // What nobody foresaw must not stop the stream either: the bytes wait, and the reason says
      // that it is ours.
      this.#rejects.push({
        message,
        code: error instanceof FinkError ? error.code : "internal",
        reason: messageOf(error),
      });
    }
  }

  /** Takes rows back; a decoder that holds much and then has no rows is dropped. */
  #cut({ decoder, rows }: Decoded, counts: readonly number[], length: number): void {
    decoder.cut(counts);
    rows.cut(length);
    if (length === 0 && heldBytes(decoder) > maxKeptBytes) this.#drop(decoder);
  }

  #drop(decoder: Decoder): void {
    if (this.#byText.delete(decoder.text)) this.#memory.left += heldBytes(decoder);
  }

  /** Forgets decompressed blocks beyond the first `bytes`. */
  #release(bytes: number): void {
    this.#memory.left += this.#unpacked - bytes;
    this.#unpacked = bytes;
  }

  #records(
    bytes: Buffer,
    start: number,
    end: number,
    message: number,
    touched: Map<Decoded, { counts: readonly number[]; rows: number }>,
  ): void {
    const framing = framingOf(bytes, start, end);
    if (framing === "container") {
      const header = this.#headers.read(bytes, start, end);
      const target = this.#ofHeader(header.schema);
      touched.set(target, { counts: target.decoder.counts(), rows: target.rows.length });
      const first = target.rows.length;
      for (const block of containerBlocks(bytes, header, end, this.#options.maxMessageBytes)) {
        const data = Buffer.from(
          block.bytes.buffer,
          block.bytes.byteOffset,
          block.bytes.byteLength,
        );
        if (data.buffer !== bytes.buffer) this.#keep(data.length);
        decodeRun(target, data, block.start, block.end, block.count, message, first);
      }
      if (target.rows.length === first)
        throw new FinkError("avro", "the container is complete but holds no alert");
      return;
    }
    const from = framing === "wire" ? readWireHeader(bytes, start, end) : { start, id: null };
    const target =
      from.id === null ? this.#bare(bytes, start, end) : this.#ofText(this.#schemaOfId(from.id));
    touched.set(target, { counts: target.decoder.counts(), rows: target.rows.length });
    decodeRun(target, bytes, from.start, end, 1, message, target.rows.length);
  }

  #keep(bytes: number): void {
    take(this.#memory, bytes);
    this.#unpacked += bytes;
  }

  #bare(bytes: Buffer, start: number, end: number): Decoded {
    if (this.#options.bareSchema !== "") return this.#ofText(this.#options.bareSchema);
    const head = bytes.subarray(start, Math.min(end, start + 4)).toString("hex");
    const what =
      start === end
        ? "the message is empty"
        : `the message begins with ${head}: neither an Avro container (4f626a01) nor a schema id (00)`;
    throw new FinkError("avro", `${what}; bare data needs schemas.bare`);
  }

  #schemaOfId(id: number): string {
    const text = this.#options.schemas.peek(id);
    if (text === undefined)
      throw this.#missing.get(id) ?? new FinkError("schema", `schema id ${id} is unknown`);
    return text;
  }

  readonly #missing = new Map<number, FinkError>();

  /**
   * Asks for the schemas of ids that are new, before anything is decoded: the loop over the
   * messages does not wait.
   */
  async #fetchSchemas(batch: Batch, bytes: Buffer): Promise<void> {
    const ids = new Set<number>();
    for (let i = 0; i < batch.count; i++) {
      const start = i === 0 ? 0 : batch.ends[i - 1];
      if (bytes[start] === 0 && batch.ends[i] - start > 5) ids.add(bytes.readUInt32BE(start + 1));
    }
    this.#missing.clear();
    const unknown = [...ids].filter((id) => this.#options.schemas.peek(id) === undefined);
    const failed = (id: number, error: unknown) =>
      this.#missing.set(
        id,
        error instanceof FinkError ? error : new FinkError("schema", messageOf(error), error),
      );
    await Promise.all(
      unknown.map((id) =>
        this.#options.schemas.get(id).catch((error: unknown) => failed(id, error)),
      ),
    );
  }

  #ofHeader(schema: Uint8Array): Decoded {
    const known = this.#byHeader.get(schema);
    if (known && this.#byText.get(known.decoder.text) === known) return known;
    const decoded = this.#ofText(
      Buffer.from(schema.buffer, schema.byteOffset, schema.byteLength).toString("utf8"),
    );
    this.#byHeader.set(schema, decoded);
    return decoded;
  }

  #ofText(text: string): Decoded {
    const known = this.#byText.get(text);
    if (known) return known;
    const decoder = compileDecoder(text, reservedColumns, this.#memory);
    const decoded = {
      decoder,
      label: `${decoder.schema.name}:${fingerprint(decoder.schema)}`,
      rows: new RowOrigins(),
    };
    if (this.#byText.size >= maxDecoders) this.#dropUnused();
    this.#byText.set(text, decoded);
    return decoded;
  }

  #dropUnused(): void {
    const unused = [...this.#byText.values()].find(({ rows }) => rows.length === 0);
    if (unused) this.#drop(unused.decoder);
  }
}

function heldBytes(decoder: Decoder): number {
  return decoder.arrays().reduce((sum, array) => sum + array.byteLength, 0);
}

/** Appends `count` records that fill [start, end) exactly. */
function decodeRun(
  target: Decoded,
  bytes: Buffer,
  start: number,
  end: number,
  count: number,
  message: number,
  first: number,
): void {
  let at = start;
  for (let i = 0; i < count; i++) {
    const next = target.decoder.decode(bytes, at, end);
    target.rows.add(bytes, at, next, message, target.rows.length - first);
    at = next;
  }
  if (at !== end)
    throw new FinkError("avro", `${end - at} bytes are left over after the last record`);
}

function framingOf(bytes: Buffer, start: number, end: number): "container" | "wire" | "bare" {
  if (
    end - start >= 3 &&
    bytes[start] === 0x4f &&
    bytes[start + 1] === 0x62 &&
    bytes[start + 2] === 0x6a
  )
    return "container";
  return end > start && bytes[start] === 0 ? "wire" : "bare";
}
