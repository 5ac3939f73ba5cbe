import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { readContainerHeader, readFrame } from "../avro/container.ts";
import { FinkError } from "../errors.ts";
import type { LakeTable } from "../lake/table.ts";
import { alertFileFormat } from "../sources/file-format.ts";
import { wholeBytes, wholePiece } from "../sources/file-pieces.ts";
import type { WaitingMessage } from "./waiting-messages.ts";

/**
 * A waiting message as its file has it now. A file that was cut short when it was read may have
 * been completed since: ingest takes what was added, and skips the alerts it counted before. Only
 * small files, which are one message; the path must be that of the file that was read.
 */
export function asOnDisk(message: WaitingMessage, rejected: LakeTable): WaitingMessage {
  const { source, offset } = message;
  const format = alertFileFormat(source);
  if (
    format?.kind !== "alerts" ||
    format.packing !== "none" ||
    offset !== 0n ||
    !existsSync(source)
  )
    return message;
  if (
    !rejected.snapshot.positions.has(`files:${realpathSync.native(source)}`) ||
    statSync(source).size > wholeBytes
  )
    return message;
  const now = readFileSync(source);
  const mended = now.equals(message.bytes)
    ? null
    : firstRecords(now, wholePiece(message.bytes).records);
  return mended ? { ...message, bytes: mended } : message;
}

/** A container of as many records as were counted before; null when its blocks do not end there. */
function firstRecords(bytes: Uint8Array, records: number): Uint8Array | null {
  if (wholePiece(bytes).records === records) return bytes;
  try {
    const { sync, end: head } = readContainerHeader(bytes, 0, bytes.length);
    let count = 0;
    for (let at = head; count < records;) {
      const frame = readFrame({ bytes, at, end: bytes.length }, sync, 1);
      count += frame.count;
      at = frame.next;
      if (count === records) return bytes.subarray(0, at);
    }
  } catch (error) {
    if (!(error instanceof FinkError)) throw error;
  }
  return null;
}
