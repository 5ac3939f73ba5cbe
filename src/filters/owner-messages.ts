import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../folder.ts";
import { replaceWhole } from "../lake/durable.ts";
import { filtersFolder } from "./versions.ts";

/** A message for the owner of a filter: a line of `<lake>/.fink/filters/messages.jsonl`. */
export interface OwnerMessage {
  /** 1, 2, 3 …: it stays the same when older messages are dropped. */
  readonly number: number;
  readonly at: number;
  readonly survey: string;
  readonly filter: string;
  readonly version: number;
  readonly owner: string;
  readonly text: string;
}

/** The newest messages are kept, so that the file does not grow for ever. */
const keptMessages = 1000;

export function ownerMessagesFile(lake: string): string {
  return join(filtersFolder(lake), "messages.jsonl");
}

/** Oldest first. A line that a crash left half written is passed over. */
export function ownerMessages(lake: string): OwnerMessage[] {
  const file = ownerMessagesFile(lake);
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, i) => {
      const message = parsed(line);
      // an older Fink counted lines
      return message ? [{ ...message, number: message.number ?? i + 1 }] : [];
    });
}

export function tellOwner(lake: string, message: Omit<OwnerMessage, "number">): void {
  const before = ownerMessages(lake);
  const all = [...before, { number: (before.at(-1)?.number ?? 0) + 1, ...message }].slice(
    -keptMessages,
  );
  makeFolder(filtersFolder(lake));
  replaceWhole(
    ownerMessagesFile(lake),
    Buffer.from(all.map((one) => `${JSON.stringify(one)}\n`).join("")),
  );
}

function parsed(
  line: string,
): (Omit<OwnerMessage, "number"> & { readonly number?: number }) | null {
  try {
    return JSON.parse(line) as OwnerMessage;
  } catch {
    return null;
  }
}
