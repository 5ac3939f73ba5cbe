import { accessSync, constants, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { FinkError, messageOf } from "../../errors.ts";
import { makeFolder } from "../../folder.ts";
import type { NumberedSchema, OutgoingPacket, Target } from "./target.ts";

/**
 * A file per packet, in a folder per night: `<folder>/<survey>_<YYYYMMDD>/<alert id>.avro`. A file
 * of that name is replaced.
 */
export function filesTarget(folder: string): Target {
  const nights = new Set<string>();
  const part = join(folder, partName());
  let delivered = 0;

  const write = ({ survey, night, name, bytes }: OutgoingPacket): void => {
    const into = join(folder, `${survey}_${night}`);
    if (!nights.has(into)) makeFolder(into);
    nights.add(into);
    // No fsync: whoever wants the data back after a power cut makes them again. But under its name
    // a file is whole.
    writeFileSync(part, bytes);
    renameSync(part, join(into, name));
    delivered++;
  };
  const remove = (): void => rmSync(part, { force: true });

  return {
    async put(packets) {
      let breathed = performance.now();
      for (const packet of packets) {
        try {
          write(packet);
        } catch (error) {
          remove();
          throw unwritable(folder, error, `${delivered} packets were written`);
        }
        if (performance.now() - breathed < 10) continue;
        await setImmediate(); // let signals and workers be heard
        breathed = performance.now();
      }
    },
    close: async () => remove(),
    abandon: async () => remove(),
    delivered: () => delivered,
    places: () => [...nights],
  };
}

/** Makes the folder. Throws before any work is done for nothing. */
export function openFolder(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** Writes the schema as `<id>.avsc`, where `schemas.folder` finds it. */
export function writeSchema(folder: string, { id, text }: NumberedSchema): void {
  const part = join(folder, partName());
  try {
    writeFileSync(part, text);
    renameSync(part, join(folder, `${id}.avsc`));
  } catch (error) {
    rmSync(part, { force: true });
    throw unwritable(folder, error);
  }
}

/**
 * Begins with a dot, as readers of folders pass such names over; several processes may write into
 * one folder.
 */
export function partName(): string {
  return `.fink-${process.pid}.part`;
}

/** Why a folder or file cannot be written, and what to do. */
export function unwritable(path: string, cause: unknown, soFar = ""): FinkError {
  const { code } = cause as NodeJS.ErrnoException;
  const progress = soFar === "" ? "" : ` (${soFar})`;
  const advice =
    code === "ENOSPC" || code === "EDQUOT"
      ? "the disk is full: make room or name another place with --to"
      : code === "EACCES" || code === "EPERM" || code === "EROFS" || code === "ENOENT"
        ? "no folder can be made there by this user: name another place with --to"
        : code === "ENOTDIR" || code === "EEXIST"
          ? "there is a file of that name: name another place with --to"
          : messageOf(cause);
  return new FinkError("io", `${path} cannot be written${progress}; ${advice}`, cause);
}
