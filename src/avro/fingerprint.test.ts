import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readContainerHeader } from "./container.ts";
import { canonicalForm, fingerprint } from "./fingerprint.ts";
import { parseSchema } from "./schema.ts";

const reference = join(import.meta.dirname, "../../../shared/reference/alerts");

describe("the canonical form", () => {
  it("has full names, no defaults, docs or logical types, and a named type once", () => {
    const schema = {
      type: "record",
      name: "alert",
      namespace: "x.y",
      doc: "an alert",
      fields: [
        { name: "id", type: { type: "long", logicalType: "timestamp-micros" }, default: 0 },
        { name: "stamp", type: ["null", { type: "fixed", name: "f", size: 4 }] },
        { name: "other", type: "f" },
        { name: "kind", type: { type: "enum", name: "z.kind", symbols: ["a", "b"] } },
        { name: "more", type: { type: "map", values: { type: "array", items: "int" } } },
      ],
    };
    expect(canonicalForm(parseSchema(JSON.stringify(schema)))).toBe(
      '{"name":"x.y.alert","type":"record","fields":[{"name":"id","type":"long"},' +
        '{"name":"stamp","type":["null",{"name":"x.y.f","type":"fixed","size":4}]},{"name":"other","type":"x.y.f"},' +
        '{"name":"kind","type":{"name":"z.kind","type":"enum","symbols":["a","b"]}},' +
        '{"name":"more","type":{"type":"map","values":{"type":"array","items":"int"}}}]}',
    );
  });

  it("has the fingerprint of the specification's tests", () => {
    // Avro share/test/data/schema-tests.txt: "int" is 7275d51a3f395c8f as a number, so its bytes
    // are in the other order.
    expect(fingerprint({ kind: "int" })).toBe("8f5c393f1ad57572");
  });
});

describe.skipIf(!existsSync(reference))("the reference alerts (needs ../shared)", () => {
  it("have the fingerprints fastavro finds", () => {
    const schemas = new Map<string, string>();
    for (const file of readdirSync(join(reference, "expected/decoded"))) {
      for (const line of gunzipSync(readFileSync(join(reference, "expected/decoded", file)))
        .toString()
        .trim()
        .split("\n")) {
        const expected = JSON.parse(line) as {
          file: string;
          canonical_crc64_avro?: string;
          canonical_sha256: string;
        };
        if (expected.canonical_crc64_avro === undefined) continue;
        const bytes = readFileSync(join(reference, expected.file));
        const text = Buffer.from(readContainerHeader(bytes, 0, bytes.length).schema).toString();
        const known = schemas.get(text) ?? fingerprints(text);
        schemas.set(text, known);
        expect([expected.file, known]).toEqual([
          expected.file,
          `${expected.canonical_crc64_avro} ${expected.canonical_sha256}`,
        ]);
      }
    }
    expect(schemas.size).toBeGreaterThan(15);
  });
});

function fingerprints(text: string): string {
  const type = parseSchema(text);
  return `${fingerprint(type)} ${createHash("sha256").update(canonicalForm(type)).digest("hex")}`;
}
