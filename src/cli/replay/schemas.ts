import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint } from "../../avro/fingerprint.ts";
import { parseSchema } from "../../avro/schema.ts";
import type { Config } from "../../config/schema.ts";
import { avroSchemaOf } from "../../lake/avro-schema.ts";
import type { StructType } from "../../lake/schema.ts";
import { schemaFor } from "../../simulator/packets/schemas.ts";
import type { Survey } from "../../surveys/definition.ts";

/** A writer's schema that the lake's rows can be written with. */
export interface WriterSchema {
  readonly text: string;
  /** Number in Confluent wire format; null: its packets are containers. */
  readonly id: number | null;
}

/**
 * The schemas at hand by their label (`_schema`): those in `schemas.folder`, what registries said,
 * and those the simulator has.
 */
export function knownSchemas({ schemas, lake }: Config): ReadonlyMap<string, WriterSchema> {
  const cache = join(lake, ".fink", "schemas");
  const caches = existsSync(cache) ? readdirSync(cache).map((name) => join(cache, name)) : [];
  const simulated: WriterSchema[] = [
    schemaFor("lsst"),
    { id: null, text: schemaFor("ztf").text },
    { id: null, text: schemaFor("ztf", "3.3").text },
  ];
  return new Map(
    [
      ...simulated,
      ...[...caches, schemas.folder].filter((folder) => folder !== "").flatMap(schemasIn),
    ].map((schema) => [labelOf(schema), schema]),
  );
}

function schemasIn(folder: string): WriterSchema[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".avsc"));
  return names.map((name) => {
    const id = /^(\d+)\.avsc$/.exec(name)?.[1];
    return {
      text: readFileSync(join(folder, name), "utf8"),
      id: id === undefined ? null : Number(id),
    };
  });
}

/** As the archive names it. */
function labelOf({ text }: WriterSchema): string {
  const schema = parseSchema(text);
  return schema.kind === "record" ? `${schema.name}:${fingerprint(schema)}` : "";
}

/**
 * A schema made from a table's columns, for rows whose own is not at hand: the same names and
 * values, and everything may be null.
 */
export function derivedSchema(columns: StructType, label: string, survey: Survey): WriterSchema {
  const own = label.slice(0, Math.max(0, label.lastIndexOf(":")));
  // a name by which the survey's definition knows its packets
  const name = own || (survey.match[0]?.schema.replaceAll("*", "") ?? `${survey.name}.alert`);
  return { id: null, text: avroSchemaOf(columns, name) };
}
