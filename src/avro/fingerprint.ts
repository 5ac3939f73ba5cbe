import type { AvroType } from "./schema.ts";

/** Parsing Canonical Form of a schema (Avro 1.12, "Transforming into Parsing Canonical Form"). */
export function canonicalForm(type: AvroType, written: Set<string> = new Set()): string {
  switch (type.kind) {
    case "union":
      return `[${type.branches.map((branch) => canonicalForm(branch, written)).join(",")}]`;
    case "array":
      return `{"type":"array","items":${canonicalForm(type.items, written)}}`;
    case "map":
      return `{"type":"map","values":${canonicalForm(type.values, written)}}`;
    case "record":
    case "enum":
    case "fixed": {
      const name = JSON.stringify(type.name);
      if (written.has(type.name)) return name;
      written.add(type.name);
      return `{"name":${name},"type":"${type.kind}",${namedBody(type, written)}}`;
    }
    default:
      return `"${type.kind}"`;
  }
}

type NamedType = Extract<AvroType, { readonly name: string }>;

function namedBody(type: NamedType, written: Set<string>): string {
  switch (type.kind) {
    case "record": {
      const fields = type.fields.map(
        (field) =>
          `{"name":${JSON.stringify(field.name)},"type":${canonicalForm(field.type, written)}}`,
      );
      return `"fields":[${fields.join(",")}]`;
    }
    case "enum":
      return `"symbols":${JSON.stringify(type.symbols)}`;
    case "fixed":
      return `"size":${type.size}`;
  }
}

/**
 * CRC-64-AVRO of the canonical form, its bytes in little-endian order as hex, as the
 * specification's Java and fastavro print it.
 */
export function fingerprint(type: AvroType): string {
  let crc = emptyCrc;
  for (const byte of new TextEncoder().encode(canonicalForm(type))) {
    crc = (crc >> 8n) ^ crcTable[Number((crc ^ BigInt(byte)) & 0xffn)];
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(crc);
  return bytes.toString("hex");
}

const emptyCrc = 0xc15d213aa4d7a795n;
const crcTable = Array.from({ length: 256 }, (_, index) => {
  let crc = BigInt(index);
  for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (emptyCrc & -(crc & 1n));
  return crc;
});
