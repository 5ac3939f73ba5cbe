import { readContainerHeader } from "../avro/container.ts";
import type { SchemaStore } from "../avro/registry.ts";
import { type AvroType, parseSchema } from "../avro/schema.ts";
import { readWireHeader } from "../avro/wire.ts";
import type { Surveys } from "../surveys/surveys.ts";

/**
 * Name of the survey a message belongs to, by the schema it names; `otherwise` when it cannot be
 * read.
 */
export async function surveyOfMessage(
  bytes: Uint8Array,
  surveys: Surveys,
  schemas: SchemaStore,
  otherwise: string,
): Promise<string> {
  const schema = await schemaOf(bytes, schemas).catch(() => null);
  if (schema?.kind !== "record") return otherwise;
  return surveys.ofSchema({ name: schema.name, has: (path) => hasField(schema, path.split(".")) });
}

/** Looks through unions with null: a record that may be absent is a record. */
function hasField(type: AvroType, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (type.kind === "union") return type.branches.some((b) => hasField(b, [name, ...rest]));
  const field = type.kind === "record" ? type.fields.find((f) => f.name === name) : undefined;
  return field !== undefined && hasField(field.type, rest);
}

async function schemaOf(bytes: Uint8Array, schemas: SchemaStore): Promise<AvroType> {
  if (bytes[0] === 0)
    return parseSchema(await schemas.get(readWireHeader(bytes, 0, bytes.length).id));
  return parseSchema(
    Buffer.from(readContainerHeader(bytes, 0, bytes.length).schema).toString("utf8"),
  );
}
