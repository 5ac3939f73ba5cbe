import { FinkError } from "../errors.ts";
import type { Snapshot } from "./actions.ts";
import type { ColumnType } from "./schema.ts";

/**
 * The versions and features that a program needs to read or write a table (Delta protocol,
 * "Protocol Evolution").
 */
export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  /** From reader version 3 on. */
  readonly readerFeatures?: readonly string[];
  /** From writer version 7 on. */
  readonly writerFeatures?: readonly string[];
}

/**
 * The protocol of tables Fink makes: any Delta reader can read them. Its classic features are
 * appendOnly and invariants.
 */
export const ownProtocol: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };

const knownToWriters = ["appendOnly", "invariants"];

/** Features by the version that brought them, before features had names of their own. */
const classicReader: Readonly<Record<number, readonly string[]>> = { 2: ["columnMapping"] };
const classicWriter: Readonly<Record<number, readonly string[]>> = {
  3: ["checkConstraints"],
  4: ["changeDataFeed", "generatedColumns"],
  5: ["columnMapping"],
  6: ["identityColumns"],
};

/** Throws FinkError "lake" where reading the files would give wrong rows. */
export function checkReadable(table: string, { protocol }: Pick<Snapshot, "protocol">): void {
  const needed = protocol ? unknownToReaders(protocol) : [];
  if (needed.length > 0) throw refusal(table, "read", needed);
}

/**
 * Throws FinkError "lake" where a commit, a checkpoint or a vacuum would break a promise of the
 * table.
 */
export function checkWritable(
  table: string,
  { protocol, schema }: Pick<Snapshot, "protocol" | "schema">,
): void {
  const needed = protocol
    ? [...new Set([...unknownToReaders(protocol), ...unknownToWriters(protocol)])]
    : [];
  if (hasInvariant(schema)) needed.push("invariants on its columns");
  if (needed.length > 0) throw refusal(table, "write to", needed);
}

function unknownToReaders({ minReaderVersion, readerFeatures = [] }: Protocol): string[] {
  if (minReaderVersion > 3) return [`reader version ${minReaderVersion}`];
  return minReaderVersion === 3 ? [...readerFeatures] : classic(classicReader, minReaderVersion);
}

function unknownToWriters({ minWriterVersion, writerFeatures = [] }: Protocol): string[] {
  if (minWriterVersion > 7) return [`writer version ${minWriterVersion}`];
  return minWriterVersion === 7
    ? writerFeatures.filter((name) => !knownToWriters.includes(name))
    : classic(classicWriter, minWriterVersion);
}

function classic(features: Readonly<Record<number, readonly string[]>>, version: number): string[] {
  return Object.entries(features).flatMap(([since, names]) =>
    Number(since) <= version ? names : [],
  );
}

function hasInvariant(type: ColumnType): boolean {
  if (typeof type === "string") return false;
  if (type.type === "array") return hasInvariant(type.elementType);
  if (type.type === "map") return hasInvariant(type.valueType);
  return type.fields.some(
    (field) => "delta.invariants" in field.metadata || hasInvariant(field.type),
  );
}

function refusal(table: string, act: string, needed: readonly string[]): FinkError {
  const what = needed.join(", ");
  const advice =
    "Another program has turned that on: turn it off there (ALTER TABLE … DROP FEATURE), or use that program for this table";
  return new FinkError(
    "lake",
    `${table} needs ${what} of the Delta protocol, so Fink does not ${act} it. ${advice}.`,
  );
}
