import type { ReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { isAlertName } from "./file-list.ts";
import { filePieces, type Piece } from "./file-pieces.ts";

/** The messages of all alert files of a tar archive, in the order in which they lie in it. Reads as it goes. */
export async function* tarPieces(archive: ReadStream, isGzipped: boolean): AsyncGenerator<Piece> {
  const members = extract();
  // An error of any of them destroys `members`, and so ends the loop below with it.
  if (isGzipped) pipeline(archive, createGunzip({ chunkSize: 1 << 18 }), members, () => {});
  else pipeline(archive, members, () => {});
  for await (const member of members) {
    const name = member.header.name.split("/").at(-1) ?? "";
    // tar-stream's types rest on streamx, which has none: the compiler sees no stream here.
    const bytes = member as unknown as AsyncIterable<Uint8Array>;
    if (member.header.type === "file" && isAlertName(name) && !name.startsWith(".")) yield* filePieces(bytes);
    member.resume();
  }
}
