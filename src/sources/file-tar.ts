import { pipeline } from "node:stream";
import { extract } from "tar-stream";
import type { ArchiveMember } from "./file-archive.ts";

/** The files of a tar archive, in the order in which they lie in it. Reads as it goes. */
export async function* tarMembers(
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchiveMember> {
  // of 1979 (v7) too, whose headers do not name their format
  const options: object = { allowUnknownFormat: true };
  const members = extract(options);
  // An error of either destroys `members`, and so ends the loop below with it.
  pipeline(archive, members, () => {});
  for await (const member of members) {
    // tar-stream's types rest on streamx, which has none: the compiler sees no stream here.
    if (member.header.type === "file")
      yield { name: member.header.name, bytes: member as unknown as AsyncIterable<Uint8Array> };
    member.resume();
  }
}
