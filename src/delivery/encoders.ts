import { compileColumnEncoder, type ColumnEncoder } from "../avro/column-encoder.ts";
import { avroSchemaOf } from "../lake/avro-schema.ts";
import type { StructType } from "../lake/schema.ts";
import { kept } from "../kept.ts";
import type { Alert } from "./alerts.ts";

interface BoundEncoder {
  readonly encoder: ColumnEncoder;
  readonly schema: string;
  readonly schemaBytes: Buffer;
}

/** Encoders by what is sent and by the types of the columns that it comes from. */
export class AlertEncoders {
  readonly #schemaOf: typeof avroSchemaOf;
  readonly #schemas = new WeakMap<StructType, { readonly text: string; readonly bytes: Buffer }>();
  readonly #types = new WeakMap<object, string>();
  readonly #made = new Map<string, ColumnEncoder>();
  readonly #bound = new WeakMap<ColumnEncoder, Alert["parts"]>();
  #last: {
    readonly parts: Alert["parts"];
    readonly columns: StructType;
    readonly bound: BoundEncoder;
  } | null = null;

  constructor(schemaOf: typeof avroSchemaOf = avroSchemaOf) {
    this.#schemaOf = schemaOf;
  }

  /** An encoder for the rows of this alert's columns. */
  of({ parts }: Alert, columns: StructType, name: string): BoundEncoder {
    const last = this.#last;
    if (last && last.columns === columns && last.parts.every((part, i) => part === parts[i]))
      return last.bound;
    const bound = this.#bind(parts, columns, name);
    this.#last = { parts, columns, bound };
    return bound;
  }

  #bind(parts: Alert["parts"], columns: StructType, name: string): BoundEncoder {
    const { text, bytes } = kept(this.#schemas, columns, () =>
      withBytes(this.#schemaOf(columns, name)),
    );
    const key = `${text} ${parts.map((part) => (part ? kept(this.#types, part.type, () => String(part.type)) : "")).join(" ")}`;
    const types = parts.flatMap((part) => part?.type ?? []);
    const encoder = kept(this.#made, key, () => compileColumnEncoder(text, types));
    if (this.#made.size > mostEncoders) this.#made.delete(this.#made.keys().next().value!);
    const before = this.#bound.get(encoder);
    if (!before || parts.some((part, i) => part !== before[i])) encoder.bind(parts);
    this.#bound.set(encoder, parts);
    return { encoder, schema: text, schemaBytes: bytes };
  }
}

const mostEncoders = 64;

function withBytes(text: string): { text: string; bytes: Buffer } {
  return { text, bytes: Buffer.from(text) };
}
