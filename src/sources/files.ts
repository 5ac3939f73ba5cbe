import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { FinkError } from "../errors.ts";
import { archivePieces, type PassedOver, unpacked } from "./file-archive.ts";
import { alertFileFormat } from "./file-format.ts";
import { listAlertFiles, type ListedFile, unreadable } from "./file-list.ts";
import { filePieces, type Piece, wholeBytes, wholePiece, withoutFirst } from "./file-pieces.ts";
import { tarMembers } from "./file-tar.ts";
import { zipMembers } from "./file-zip.ts";
import type { AlertSource, Sink, SourceLag, SourcePartition } from "./source.ts";

export interface FileSourceOptions {
  /** Files, folders and tar archives of alerts. */
  readonly paths: readonly string[];
  /** Survey of a file by its first message; asked once per file, and of unreadable bytes too. */
  readonly surveyOf: (firstMessage: Uint8Array, path: string) => string | Promise<string>;
  /** Told of a file that could not be read (to its end); the others are read all the same. */
  readonly onProblem: (error: FinkError) => void;
  /** Ends when everything was read; else looks for new files for ever. */
  readonly once: boolean;
  readonly everySeconds?: number;
}

export interface FileProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly filesDone: number;
  readonly filesTotal: number;
  /** Records that were in the lake before. */
  readonly recordsSkipped: number;
  /** Files, and members of archives, that may hold alerts and could not be read. */
  readonly passedOver: number;
}

interface KnownFile {
  listed: ListedFile;
  partition: SourcePartition | null;
  /** The sink's position when the file was first read. */
  startPosition: bigint | null;
  /** Where the sink stands with it, committed or not; null when only the sink knows. */
  next: bigint | null;
  bytesDone: number;
  recordsSkipped: number;
}

/**
 * Alerts from files, folders of files and tar archives. Each file is a partition that counts
 * records.
 */
export class FileSource implements AlertSource {
  readonly name = "files";
  readonly #options: FileSourceOptions;
  readonly #known = new Map<string, KnownFile>();
  /** Files to read, in this order. */
  readonly #pending = new Set<KnownFile>();
  readonly #buffer = Buffer.allocUnsafe(wholeBytes + 1);
  #reading: KnownFile | null = null;
  /** What each file was like at the last look. */
  #seen = new Map<string, string>();
  /** Messages about files that are not read; once each. */
  readonly #saidOf = new Set<string>();

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.#look();
  }

  async run(sink: Sink, signal: AbortSignal): Promise<void> {
    const { once, everySeconds = 5 } = this.#options;
    await this.#readPending(sink, signal);
    while (!once && !signal.aborted) {
      await setTimeout(everySeconds * 1000, undefined, { signal }).catch(() => {});
      if (!signal.aborted) this.#lookAgain();
      await this.#readPending(sink, signal);
    }
  }

  committed(): void {}

  /** With `once` and after `run` has ended: call it again. */
  rewind(partitions: Iterable<SourcePartition>): void {
    for (const { appId } of partitions) {
      const file = this.#known.get(appId);
      if (!file) continue;
      file.next = null;
      this.#pending.add(file);
    }
  }

  /** The files that remain: how many records they hold is not known. */
  async lag(): Promise<SourceLag[]> {
    const isOneOpen = this.#reading !== null && !this.#pending.has(this.#reading);
    return [{ source: this.name, partition: 0, lag: this.#pending.size + (isOneOpen ? 1 : 0) }];
  }

  progress(): FileProgress {
    const files = [...this.#known.values()];
    const sum = (value: (file: KnownFile) => number): number =>
      files.reduce((total, file) => total + value(file), 0);
    return {
      bytesDone: sum((file) => file.bytesDone),
      bytesTotal: sum((file) => file.listed.bytes),
      filesDone: sum((file) => (this.#pending.has(file) || file === this.#reading ? 0 : 1)),
      filesTotal: files.length,
      recordsSkipped: sum((file) => file.recordsSkipped),
      passedOver: this.#saidOf.size,
    };
  }

  #passOver(reason: string): void {
    if (this.#saidOf.has(reason)) return;
    this.#saidOf.add(reason);
    this.#options.onProblem(new FinkError("io", reason));
  }

  /**
   * Takes in files that are new or changed; when watching, only those that stayed the same since
   * the last look.
   */
  #look(): void {
    const seen = new Map<string, string>();
    const { alerts, unreadable: packed } = listAlertFiles(this.#options.paths);
    for (const advice of packed) this.#passOver(advice);
    for (const listed of alerts) {
      const appId = `files:${listed.realPath}`;
      const state = `${listed.bytes} ${listed.modifiedMs}`;
      seen.set(appId, state);
      const known = this.#known.get(appId);
      if (
        known &&
        known.listed.bytes === listed.bytes &&
        known.listed.modifiedMs === listed.modifiedMs
      )
        continue;
      if (!this.#options.once && this.#seen.get(appId) !== state) continue;
      const file = known ?? {
        listed,
        partition: null,
        startPosition: null,
        next: null,
        bytesDone: 0,
        recordsSkipped: 0,
      };
      file.listed = listed;
      this.#known.set(appId, file);
      this.#pending.add(file);
    }
    this.#seen = seen;
  }

  #lookAgain(): void {
    try {
      this.#look();
    } catch (error) {
      if (!(error instanceof FinkError)) throw error;
      this.#options.onProblem(error);
    }
  }

  async #readPending(sink: Sink, signal: AbortSignal): Promise<void> {
    let breathed = performance.now();
    for (const file of this.#pending) {
      if (signal.aborted) return;
      this.#pending.delete(file);
      this.#reading = file;
      await this.#read(file, sink, signal);
      this.#reading = null;
      if (signal.aborted) this.#pending.add(file);
      // Small files are read without ever waiting: let signals and workers be heard.
      if (performance.now() - breathed > 10) {
        await setImmediate();
        breathed = performance.now();
      }
    }
  }

  async #read(file: KnownFile, sink: Sink, signal: AbortSignal): Promise<void> {
    let offset = 0n;
    let position = file.next;
    for await (const whole of this.#pieces(file)) {
      const partition = (file.partition ??= await this.#partition(file, whole.bytes));
      position ??= (await sink.position(partition)) ?? 0n;
      file.startPosition ??= position;
      if (this.#isLeft(file, signal)) return;
      const hasGrown = offset < position && offset + BigInt(whole.records) > position;
      const piece = hasGrown ? withoutFirst(Number(position - offset), whole) : whole;
      if (hasGrown) offset = position;
      const next = offset + BigInt(piece.records);
      if (offset >= position) {
        file.next = next;
        if (!sink.put(partition, offset, next, NaN, piece.bytes)) await roomOrAbort(sink, signal);
      }
      if (this.#isLeft(file, signal)) return;
      offset = next;
      file.recordsSkipped = Number(offset < file.startPosition ? offset : file.startPosition);
    }
  }

  /** Whether to stop in the middle of a file: rewound (it is pending again) or aborted. */
  #isLeft(file: KnownFile, signal: AbortSignal): boolean {
    return signal.aborted || this.#pending.has(file);
  }

  async #partition({ listed }: KnownFile, firstMessage: Uint8Array): Promise<SourcePartition> {
    const survey = await this.#options.surveyOf(firstMessage, listed.path);
    return {
      survey,
      source: listed.path,
      partition: 0,
      appId: `files:${listed.realPath}`,
      counts: "records",
    };
  }

  async *#pieces(file: KnownFile): AsyncGenerator<Piece> {
    const { path, realPath, bytes } = file.listed;
    file.bytesDone = 0;
    try {
      const { kind, packing } = alertFileFormat(path)!;
      const whole =
        kind !== "alerts" || packing !== "none" ? null : readWhole(realPath, this.#buffer);
      if (whole && whole.length <= wholeBytes) yield wholePiece(whole);
      else yield* this.#streamed(file);
    } catch (cause) {
      this.#options.onProblem(unreadable(path, cause));
    }
    file.bytesDone = bytes;
  }

  async *#streamed(file: KnownFile): AsyncGenerator<Piece> {
    const { path, realPath } = file.listed;
    const { kind, packing } = alertFileFormat(path)!;
    const passedOver: PassedOver = (reason) => this.#passOver(`${path}: ${reason}`);
    if (kind === "zip")
      return yield* archivePieces(
        zipMembers(realPath, passedOver, (bytes) => (file.bytesDone = bytes)),
        passedOver,
      );
    const stream = createReadStream(realPath, { highWaterMark: 1 << 20 });
    const bytes = unpacked(stream, packing);
    const pieces =
      kind === "tar" ? archivePieces(tarMembers(bytes), passedOver) : filePieces(bytes);
    try {
      for await (const piece of pieces) {
        file.bytesDone = stream.bytesRead;
        yield piece;
      }
    } finally {
      stream.destroy();
    }
  }
}

/** The file's bytes, as many as the buffer holds. */
function readWhole(path: string, buffer: Buffer): Uint8Array {
  const file = openSync(path, "r");
  try {
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count) {
      count = readSync(file, buffer, length, buffer.length - length, null);
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function roomOrAbort(sink: Sink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve();
    signal.addEventListener("abort", stop, { once: true });
    sink
      .room()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}
