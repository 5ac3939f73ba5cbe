import { kept } from "../kept.ts";
import type { AvroField, AvroType } from "./schema.ts";

export type AvroUnion = AvroType & { readonly kind: "union" };

/**
 * Writes the JavaScript of an encoder for one schema: straight-line code from the fields of objects
 * to bytes (Avro 1.12, "Binary Encoding"). Only numbers, and names and symbols that `parseSchema`
 * has checked, enter the code, as JSON.
 *
 * In the code: b bytes, d their DataView, p position, v a container, x the value to be written, i
 * an index, n a number. A value that does not fit goes to `fail()`, which need not know where it
 * is.
 */
export function generateEncoder(schema: AvroType): { code: string; unions: readonly AvroUnion[] } {
  const generator = new Generator();
  const main = generator.function([generator.value(schema)]);
  return {
    code: [
      prelude,
      ...generator.functions,
      `return (x) => { const p = ${main}(x, 0); return b.subarray(0, p); };`,
    ].join("\n"),
    unions: generator.unions,
  };
}

/**
 * V8 gives up optimising very long functions; records are cut into functions of this many fields.
 */
const fieldsPerFunction = 40;

/**
 * Bytes beyond `safe`: more than the numbers and short strings of one function take, each of up to
 * 65 bytes in up to 64 unions.
 */
const spareBytes = 1 << 13;

/**
 * Strings of fewer characters are written in a loop: a native call costs more than the bytes. Their
 * length takes one byte.
 */
const shortString = 64;

class Generator {
  readonly functions: string[] = [];
  readonly unions: AvroUnion[] = [];
  /** A named type is one function, wherever it is used. */
  readonly #known = new Map<AvroType, string>();

  /** Makes a function that writes x, and returns its name. */
  function(lines: readonly string[]): string {
    const name = `f${this.functions.length}`;
    this.functions.push(
      `function ${name}(x, p) { let v = x, n = 0, i = 0;\nif (p > safe) grow(p, 0);\n${lines.join("\n")}\nreturn p; }`,
    );
    return name;
  }

  /** Code that writes x. */
  value(type: AvroType): string {
    switch (type.kind) {
      case "null":
        return `if (x != null) fail();`;
      case "boolean":
        return `if (typeof x !== "boolean") fail(); b[p++] = x ? 1 : 0;`;
      case "int":
      case "long":
      case "string":
      case "bytes":
        return `p = ${type.kind}(x, p);`;
      case "float":
        return `if (typeof x !== "number") fail(); d.setFloat32(p, x, true); p += 4;`;
      case "double":
        return `if (typeof x !== "number") fail(); d.setFloat64(p, x, true); p += 8;`;
      case "fixed":
        return `p = fixed(x, p, ${type.size});`;
      case "enum":
        return `n = ${JSON.stringify(type.symbols)}.indexOf(x); if (n < 0) fail(); p = int(n, p);`;
      case "union":
        return this.#union(type);
      default:
        return `p = ${this.#container(type)}(x, p); if (p > safe) grow(p, 0);`;
    }
  }

  #union(type: AvroUnion): string {
    const { branches } = type;
    // A branch index is a zigzag varint: 0, 2, 4 … for the first 64 branches.
    const written = branches.map((branch, i) => `b[p++] = ${2 * i}; ${this.value(branch)}`);
    const nullBranch = branches.findIndex((b) => b.kind === "null");
    if (branches.length === 2 && nullBranch >= 0)
      return `if (x == null) { ${written[nullBranch]} } else { ${written[1 - nullBranch]} }`;
    const id = this.unions.push(type) - 1;
    return `switch (rt.branch(${id}, x)) { ${written.map((code, i) => `case ${i}: ${code} break;`).join("\n")}\ndefault: fail(); }`;
  }

  #container(type: AvroType & { readonly kind: "record" | "array" | "map" }): string {
    return kept(this.#known, type, () =>
      this.function(type.kind === "record" ? this.#record(type.fields) : this.#items(type)),
    );
  }

  #record(fields: readonly AvroField[]): string[] {
    const lines = fields.map(
      ({ name, type }) => `x = v[${JSON.stringify(name)}]; ${this.value(type)}`,
    );
    const check = "if (!rt.isObject(v)) fail();";
    if (lines.length <= fieldsPerFunction) return [check, ...lines];
    const parts: string[] = [];
    for (let i = 0; i < lines.length; i += fieldsPerFunction)
      parts.push(`p = ${this.function(lines.slice(i, i + fieldsPerFunction))}(v, p);`);
    return [check, ...parts];
  }

  /**
   * Arrays and maps are one block: a count, items, zero; nothing but the zero when they are empty.
   */
  #items(type: AvroType & { readonly kind: "array" | "map" }): string[] {
    const loop = (key: string, item: AvroType) =>
      `if (v.length > 0) p = int(v.length, p); for (i = 0; i < v.length; i++) { if (p > safe) grow(p, 0); ${key} ${this.value(item)} } b[p++] = 0;`;
    if (type.kind === "array")
      return ["if (!Array.isArray(v)) fail();", loop("x = v[i];", type.items)];
    return [
      "if (!rt.isObject(v)) fail(); v = Object.entries(v);",
      loop("p = string(v[i][0], p); x = v[i][1];", type.values),
    ];
  }
}

const prelude = `
let b = Buffer.allocUnsafeSlow(${1 << 16}), d = new DataView(b.buffer), safe = b.length - ${spareBytes};
const words = new Int32Array(2), big = new BigInt64Array(words.buffer);
function fail() { throw rt.misfit; }
function grow(p, more) {
  const full = b;
  b = Buffer.allocUnsafeSlow(Math.max(2 * full.length, p + more + ${spareBytes})); full.copy(b, 0, 0, p); d = new DataView(b.buffer); safe = b.length - ${spareBytes};
}
function varint(low, high, p) {
  while (high !== 0 || low & ~127) { b[p++] = (low & 127) | 128; low = (low >>> 7) | (high << 25); high >>>= 7; }
  b[p++] = low; return p;
}
function int(x, p) {
  if (typeof x !== "number" || x !== (x | 0)) fail();
  const n = (x << 1) ^ (x >> 31);
  if (n >= 0 && n < 128) { b[p] = n; return p + 1; }
  return varint(n, 0, p);
}
function long(x, p) {
  if (typeof x === "number" && x === (x | 0)) return int(x, p);
  let low = 0, high = 0;
  if (typeof x === "bigint") { big[0] = x; if (big[0] !== x) fail(); low = words[0]; high = words[1]; }
  else if (Number.isSafeInteger(x)) { low = x | 0; high = Math.floor(x / 4294967296); }
  else fail();
  const sign = high >> 31;
  return varint((low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign, p);
}
function string(x, p) {
  if (typeof x !== "string") fail();
  let n = x.length, i = 0, c = 0;
  if (n < ${shortString}) { while (i < n && (c = x.charCodeAt(i)) < 128) b[p + ++i] = c; if (i === n) { b[p] = 2 * n; return p + 1 + n; } }
  n = Buffer.byteLength(x); if (p + n > safe) grow(p, n);
  p = int(n, p); b.write(x, p); return p + n;
}
function bytes(x, p) {
  if (!(x instanceof Uint8Array)) fail();
  if (p + x.length > safe) grow(p, x.length);
  p = int(x.length, p); b.set(x, p); return p + x.length;
}
function fixed(x, p, size) {
  if (!(x instanceof Uint8Array) || x.length !== size) fail();
  if (p + size > safe) grow(p, size);
  b.set(x, p); return p + size;
}`;
