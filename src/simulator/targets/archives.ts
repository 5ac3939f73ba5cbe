import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { unwritable } from "./files.ts";
import { tarEnd, tarEntry } from "./tar.ts";
import type { OutgoingPacket, Target } from "./target.ts";

/**
 * An archive of each night, as surveys publish them: written beside its place and moved there when
 * it is complete.
 */
export function archivesTarget(pathOf: (packet: OutgoingPacket) => string): Target {
  const complete: string[] = [];
  let delivered = 0;
  let archive: Archive | null = null;

  const finish = async (): Promise<void> => {
    if (!archive) return;
    await archive.finish();
    complete.push(archive.path);
    delivered += archive.packets;
    archive = null;
  };
  const explained = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      await archive?.discard();
      throw unwritable(
        archive?.path ?? "the archive",
        error,
        `${complete.length} archives are complete`,
      );
    }
  };

  return {
    put: (packets) =>
      explained(async () => {
        for (const packet of packets) {
          const path = pathOf(packet);
          if (archive?.path !== path) await finish();
          archive ??= await Archive.create(path);
          await archive.add(packet.name, packet.bytes, packet.publishedAt);
        }
      }),
    close: () => explained(finish),
    abandon: async () => archive?.discard(),
    delivered: () => delivered,
    places: () => complete,
  };
}

/** zlib takes about 1 ms for a packet: members of this size are compressed side by side. */
const memberBytes = 4 << 20;
const membersAtOnce = 4;
const compress = promisify(gzip);

/**
 * A .tar.gz that grows. It consists of gzip members one after the other, which every reader takes
 * for one (RFC 1952, 2.2); where they are cut depends on nothing but the packets.
 */
class Archive {
  readonly path: string;
  packets = 0;
  readonly #part: string;
  readonly #file: FileHandle;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  readonly #compressing: Promise<Uint8Array>[] = [];

  static async create(path: string): Promise<Archive> {
    const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
    return new Archive(path, part, await open(part, "w"));
  }

  private constructor(path: string, part: string, file: FileHandle) {
    this.path = path;
    this.#part = part;
    this.#file = file;
  }

  async add(name: string, bytes: Uint8Array, modifiedMs: number): Promise<void> {
    this.packets++;
    await this.#append(tarEntry(name, bytes, modifiedMs));
  }

  async finish(): Promise<void> {
    await this.#append([tarEnd]);
    this.#compress();
    while (this.#compressing.length > 0) await this.#writeMember();
    await this.#file.close();
    await rename(this.#part, this.path); // from here on it is there, whole
  }

  async discard(): Promise<void> {
    await Promise.allSettled(this.#compressing);
    await this.#file.close().catch(() => {});
    await rm(this.#part, { force: true }).catch(() => {});
  }

  async #append(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#pieceBytes += piece.length;
    }
    if (this.#pieceBytes < memberBytes) return;
    this.#compress();
    if (this.#compressing.length >= membersAtOnce) await this.#writeMember();
  }

  #compress(): void {
    // the fastest there is: the cutouts are compressed already, or noise
    this.#compressing.push(
      compress(Buffer.concat(this.#pieces, this.#pieceBytes), { level: 1, memLevel: 9 }),
    );
    this.#pieces = [];
    this.#pieceBytes = 0;
  }

  async #writeMember(): Promise<void> {
    await this.#file.writeFile(await this.#compressing.shift()!);
  }
}
