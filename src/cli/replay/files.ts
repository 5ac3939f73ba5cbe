import { closeSync, openSync, readFileSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Vector } from "apache-arrow";
import { temporaryFolder } from "../../folder.ts";
import type { Batch } from "../../archive/batch.ts";
import { type Decoded, MessageDecoder } from "../../archive/decode.ts";
import { archiverOptions, surveyOfFile } from "../../archive/setup.ts";
import { columnsOf } from "../../avro/columns.ts";
import { readContainerHeader, writeContainer } from "../../avro/container.ts";
import { SchemaStore } from "../../avro/registry.ts";
import type { Config } from "../../config/schema.ts";
import { FinkError, messageOf } from "../../errors.ts";
import { columnAt } from "../../lake/column.ts";
import type { OutgoingPacket } from "../../simulator/targets/target.ts";
import { jdMinusMjd, msOfMjd, nightOfMjd } from "../../sky/time.ts";
import { alertFileFormat, readableNames } from "../../sources/file-format.ts";
import { listAlertFiles } from "../../sources/file-list.ts";
import { type FileProgress, FileSource } from "../../sources/files.ts";
import type { Sink, SourcePartition } from "../../sources/source.ts";
import type { Survey } from "../../surveys/definition.ts";
import type { OutgoingGroup } from "../sending.ts";

export interface FilesToReplay {
  readonly paths: readonly string[];
  readonly config: Config;
  /** For files whose schema does not tell, or all of them when given. */
  readonly survey: string | undefined;
  /** YYYYMMDD; only alerts of that night. */
  readonly night: string | undefined;
  readonly warn: (message: string) => void;
  readonly progress: (progress: FileProgress) => void;
}

/** Where the bytes of an alert are: in the file `path`, or at `start` of the spool. */
interface Found extends Omit<OutgoingPacket, "bytes" | "publishedAt"> {
  readonly observedAt: number;
  readonly path: string | null;
  readonly start: number;
  readonly length: number;
}

/**
 * Alerts of files by the time of their observation. Every file is read twice: for the times, and to
 * be sent.
 */
export class ReplayedFiles {
  readonly alerts: number;
  readonly #found: readonly Found[];
  readonly #spool: Spool;

  static async open(options: FilesToReplay, signal: AbortSignal): Promise<ReplayedFiles> {
    const spool = new Spool();
    try {
      const index = new Index(options, spool);
      await index.read(signal);
      return new ReplayedFiles(inOrder(index.found), spool);
    } catch (error) {
      spool.close();
      throw error;
    }
  }

  private constructor(found: readonly Found[], spool: Spool) {
    this.alerts = found.length;
    this.#found = found;
    this.#spool = spool;
  }

  async *groups(): AsyncGenerator<OutgoingGroup> {
    for (let from = 0; from < this.#found.length; from += groupPackets) {
      const packets = this.#found.slice(from, from + groupPackets).map((found) => {
        const bytes =
          found.path === null
            ? this.#spool.read(found.start, found.length)
            : readFileSync(found.path);
        return { ...found, publishedAt: found.observedAt, bytes };
      });
      yield { packets };
    }
  }

  close(): void {
    this.#spool.close();
  }
}

const groupPackets = 100;
/** What is read before it is looked at. */
const pendingBytes = 16 << 20;

/** Those without a time go first. */
function inOrder(found: readonly Found[]): Found[] {
  const first = found.reduce(
    (least, { observedAt }) => (observedAt < least ? observedAt : least),
    Infinity,
  );
  const timed = found.map((one) =>
    Number.isNaN(one.observedAt) ? { ...one, observedAt: Number.isFinite(first) ? first : 0 } : one,
  );
  return timed.sort((a, b) => a.observedAt - b.observedAt);
}

class Index {
  readonly found: Found[] = [];
  readonly #options: FilesToReplay;
  readonly #spool: Spool;
  readonly #setup: ReturnType<typeof archiverOptions>;
  readonly #decoder: MessageDecoder;
  readonly #names = new Map<string, number>();
  #pending: { partition: SourcePartition; bytes: Uint8Array<ArrayBuffer> }[] = [];
  #bytes = 0;
  #refused = 0;
  #firstReason = "";

  constructor(options: FilesToReplay, spool: Spool) {
    const { config } = options;
    this.#options = options;
    this.#spool = spool;
    this.#setup = archiverOptions(config, config.lake, options.paths);
    const { schemas, bareSchema, maxMessageMegabytes } = this.#setup;
    this.#decoder = new MessageDecoder({
      schemas: new SchemaStore(schemas),
      bareSchema,
      maxMessageBytes: maxMessageMegabytes * 2 ** 20,
    });
  }

  async read(signal: AbortSignal): Promise<void> {
    const { paths, survey, warn, progress } = this.#options;
    const surveyOf = survey === undefined ? surveyOfFile(this.#setup) : () => survey;
    const source = new FileSource({
      paths,
      surveyOf,
      onProblem: (error) => warn(error.message),
      once: true,
    });
    const { parquet, skipped } = listAlertFiles(paths);
    if (parquet.length > 0)
      warn(
        `${parquet.length} Parquet files are left out, since replay sends Avro. Ingest them, and replay the lake`,
      );
    if (skipped > 0) warn(`${skipped} files were passed over. Fink reads ${readableNames}`);
    const report = setInterval(() => progress(source.progress()), 200);
    try {
      await source.run(this.#sink(), signal);
      await this.#look();
    } finally {
      clearInterval(report);
    }
    if (this.#refused > 0)
      warn(
        `${this.#refused} messages cannot be read and are left out, the first: ${this.#firstReason}`,
      );
  }

  #sink(): Sink {
    return {
      position: async () => null,
      put: (partition, _offset, _next, _publishedAt, bytes) => {
        this.#pending.push({ partition, bytes: Uint8Array.from(bytes) });
        return (this.#bytes += bytes.length) < pendingBytes;
      },
      room: () => this.#look(),
      mark: () => null,
      restart: async () => {},
    };
  }

  async #look(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    this.#bytes = 0;
    for (const { partition, bytes } of pending) await this.#message(partition, bytes);
  }

  async #message(partition: SourcePartition, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const survey = this.#setup.surveys.named(partition.survey);
    const { decoded, rejects } = await this.#decoder.decode(batchOf(partition, bytes));
    for (const { reason } of rejects) {
      this.#refused++;
      this.#firstReason ||= `${partition.source}: ${reason}`;
    }
    for (const one of decoded) this.#alerts(partition, survey, bytes, one);
  }

  #alerts(
    { source }: SourcePartition,
    survey: Survey,
    message: Uint8Array,
    decoded: Decoded,
  ): void {
    const facts = factsOf(decoded, survey);
    for (let row = 0; row < decoded.rows.length; row++) {
      const { id, key, observedAt, night } = facts(row);
      if (this.#options.night !== undefined && night !== this.#options.night) continue;
      const isAlone = decoded.rows.length === 1;
      const bytes = isAlone ? message : alone(message, decoded, row);
      const name = this.#named(
        `${id ?? `alert${this.found.length}`}.${message[0] === 0 ? "bin" : "avro"}`,
      );
      const { kind, packing } = alertFileFormat(source)!;
      const isPlain = kind === "alerts" && packing === "none";
      const path = isAlone && isPlain && statSync(source).size === bytes.length ? source : null;
      const start = path === null ? this.#spool.append(bytes) : 0;
      this.found.push({
        survey: survey.name,
        night,
        name,
        key: key ?? name,
        observedAt,
        path,
        start,
        length: bytes.length,
      });
    }
  }

  /** A name of its own for each packet, also where an alert is there twice. */
  #named(name: string): string {
    const times = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, times);
    return times === 1 ? name : name.replace(/\.(?=[a-z]+$)/, `_${times}.`);
  }
}

function batchOf(partition: SourcePartition, { buffer, length }: Uint8Array<ArrayBuffer>): Batch {
  const times = new Float64Array(1).fill(NaN);
  const [ends, parts, offsets] = [Uint32Array.of(length), new Uint32Array(1), new BigInt64Array(1)];
  return {
    survey: partition.survey,
    buffer,
    count: 1,
    ends,
    parts,
    offsets,
    publishedAt: times,
    receivedAt: times,
    partitions: [partition],
  };
}

interface Facts {
  readonly id: string | null;
  readonly key: string | null;
  /** ms since 1970, NaN when unknown */
  readonly observedAt: number;
  readonly night: string;
}

/** What a survey's definition says of each decoded alert. */
function factsOf({ decoder }: Decoded, { alert, object, time }: Survey): (row: number) => Facts {
  const columns = columnsOf(decoder);
  const reader = (paths: readonly string[] | undefined): ((row: number) => unknown) => {
    const column = columnAt(columns, paths);
    const vector = column && new Vector([column.data]);
    return (row) => (column?.present(row) ? vector?.get(row) : null);
  };
  const [idOf, keyOf, timeOf] = [reader(alert), reader(object), reader(time?.field)];
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value));
  return (row) => {
    const value = timeOf(row);
    const mjd =
      value === null || value === undefined
        ? NaN
        : Number(value) - (time?.scale === "jd" ? jdMinusMjd : 0);
    return {
      id: text(idOf(row)),
      key: text(keyOf(row)),
      observedAt: msOfMjd(mjd),
      night: String(nightOfMjd(mjd, time?.nightShiftHours) ?? "unknown"),
    };
  };
}

/** One alert of a container of many as a container, with its bytes as they were. */
function alone(message: Uint8Array, { decoder, rows }: Decoded, row: number): Uint8Array {
  const { sync } = readContainerHeader(message, 0, message.length);
  return writeContainer({
    schema: decoder.text,
    blocks: [[rows.bytes[row].subarray(rows.starts[row], rows.ends[row])]],
    sync,
  });
}

/**
 * A file without a name, for bytes that cannot be found again where they were: archives are read
 * from their beginning.
 */
class Spool {
  #file: number | null = null;
  #end = 0;

  /** Where it begins. */
  append(bytes: Uint8Array): number {
    const start = this.#end;
    try {
      this.#file ??= openNameless();
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.#file, bytes, done, bytes.length - done, start + done);
    } catch (error) {
      throw new FinkError(
        "io",
        `the alerts cannot be put in order in ${tmpdir()} (${messageOf(error)}): make room or set TMPDIR`,
        error,
      );
    }
    this.#end += bytes.length;
    return start;
  }

  read(start: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;)
      done += readSync(this.#file!, bytes, done, length - done, start + done);
    return bytes;
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

function openNameless(): number {
  const folder = temporaryFolder("replay");
  try {
    return openSync(join(folder, "spool"), "w+");
  } finally {
    // the open file stays until it is closed, however we end
    rmSync(folder, { recursive: true, force: true });
  }
}
