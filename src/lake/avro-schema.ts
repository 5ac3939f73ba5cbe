import type { ColumnType, StructType } from "./schema.ts";

/**
 * The Avro schema of rows of a table: the same names and values, and everything may be null. `name`
 * is the record's full name. A field is never renamed, be its name one of Avro's or not
 * (2MASS_name): Fink's own packets have such names, and fastavro and fink-client read them.
 */
export function avroSchemaOf(columns: StructType, name: string): string {
  return JSON.stringify(avroOf(columns, name));
}

/**
 * The same without logical types, which fink-client 12 does not read in a data transfer: times are
 * µs since 1970, dates days, decimals bytes.
 */
export function plainSchemaOf(columns: StructType, name: string): string {
  return JSON.stringify(avroOf(columns, name), (_, value: { logicalType?: string; type: string }) =>
    value?.logicalType === undefined ? value : value.type,
  );
}

/** Records are named by where they are: a name may be defined once only. */
function avroOf(type: ColumnType, path: string): unknown {
  if (typeof type === "string") return leafOf(type);
  if (type.type === "array")
    return { type: "array", items: ["null", avroOf(type.elementType, path)] };
  if (type.type === "map") return { type: "map", values: ["null", avroOf(type.valueType, path)] };
  const fields = type.fields.map((field) => ({
    name: field.name,
    type: [
      "null",
      avroOf(
        field.type,
        `${path}.${field.name.replace(/^\d|[^\w]/g, "_$&").replace(/[^\w]/g, "")}`,
      ),
    ],
    default: null,
  }));
  return { type: "record", name: path, fields };
}

function leafOf(type: string): unknown {
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (precision !== undefined)
    return {
      type: "bytes",
      logicalType: "decimal",
      precision: Number(precision),
      scale: Number(scale),
    };
  return leaves[type];
}

const leaves: Readonly<Record<string, unknown>> = {
  string: "string",
  long: "long",
  integer: "int",
  short: "int",
  byte: "int",
  float: "float",
  double: "double",
  boolean: "boolean",
  binary: "bytes",
  date: { type: "int", logicalType: "date" },
  timestamp: { type: "long", logicalType: "timestamp-micros" },
};
