import { DataType, type Struct, TimeUnit } from "apache-arrow";
import type { AvroType } from "./schema.ts";

/**
 * A column that the code reads: which of the bound structures it lies in, and the numbers of the
 * children that lead to it.
 */
export interface Slot {
  readonly part: number;
  readonly steps: readonly number[];
}

/**
 * Writes the JavaScript of an encoder from Arrow columns to bytes. The schema is one that
 * `avroSchemaOf` (src/lake/avro-schema.ts) made: everything but the record itself is a union of
 * null and a type. A field comes from the first of the structures that has it; where none has, it
 * is null. Only numbers enter the code.
 *
 * In the code: b bytes, d their DataView, p position, i a row, k and e an entry and the end of its
 * list; of column n: m{n} its null bits or null, a{n} its values, o{n} its offsets, r the rows in
 * the structures.
 */
export function generateColumnEncoder(
  record: AvroType & { kind: "record" },
  parts: readonly Struct[],
): { code: string; slots: readonly Slot[] } {
  const generator = new Generator();
  const root = generator.root(record, parts);
  const { functions, slots } = generator;
  const names = slots.map((_, n) => `m${n} = null, a${n} = null, o${n} = null`);
  const binding = slots.map(
    (_, n) => `m${n} = s[${n}].nulls; a${n} = s[${n}].values; o${n} = s[${n}].offsets;`,
  );
  const code = [
    ...(names.length > 0 ? [`let ${names.join(", ")};`] : []),
    prelude,
    ...functions,
    `return { bind(s) { ${binding.join("\n")} }, encode(r, head) { begin(); let p = start; b.set(head, p); p = ${root}(r, p + head.length); const from = start; start = p; return b.subarray(from, p); } };`,
  ];
  return { code: code.join("\n"), slots };
}

/**
 * V8 gives up optimising very long functions; records are cut into functions of this many fields.
 */
const fieldsPerFunction = 40;

/** Room for the numbers and short texts of one function. */
const spareBytes = 1 << 12;

/** Texts up to this length are copied in a loop: a native call costs more than the bytes. */
const shortText = 32;

/** Messages lie one behind the other in pieces of memory of this size. */
const pieceBytes = 1 << 20;

class Generator {
  readonly functions: string[] = [];
  readonly slots: Slot[] = [];

  root({ fields }: AvroType & { kind: "record" }, parts: readonly Struct[]): string {
    const lines = fields.map(({ name, type }) => {
      const part = parts.findIndex((own) => childNamed(own, name) >= 0);
      if (part < 0) return `b[p++] = 0;`;
      const step = childNamed(parts[part], name);
      return `i = r[${part}]; if (i < 0) b[p++] = 0; else { ${this.#nullable(type, parts[part].children[step].type, { part, steps: [step] })} }`;
    });
    return this.#function("r", lines);
  }

  #function(given: "r" | "i", lines: readonly string[]): string {
    if (lines.length > fieldsPerFunction) {
      const pieces: string[] = [];
      for (let at = 0; at < lines.length; at += fieldsPerFunction)
        pieces.push(
          `p = ${this.#function(given, lines.slice(at, at + fieldsPerFunction))}(${given}, p);`,
        );
      return this.#function(given, pieces);
    }
    const name = `f${this.functions.length}`;
    const own = given === "r" ? "let i = 0, k = 0, e = 0, n = 0;" : "let k = 0, e = 0, n = 0;";
    this.functions.push(
      `function ${name}(${given}, p) { ${own}\nif (p > safe) p = grow(p, 0);\n${lines.join("\n")}\nreturn p; }`,
    );
    return name;
  }

  /** Code that writes row i of the column as a union of null and the type. */
  #nullable(union: AvroType, arrow: DataType, slot: Slot): string {
    const type =
      union.kind === "union" ? union.branches.find(({ kind }) => kind !== "null") : undefined;
    if (!type || DataType.isNull(arrow)) return `b[p++] = 0;`;
    const n = this.slots.push(slot) - 1;
    return `if (m${n} !== null && !((m${n}[i >> 3] >> (i & 7)) & 1)) b[p++] = 0; else { b[p++] = 2; ${this.#value(type, arrow, slot, n)} }`;
  }

  #value(type: AvroType, arrow: DataType, slot: Slot, n: number): string {
    switch (type.kind) {
      case "boolean":
        return `b[p++] = (a${n}[i >> 3] >> (i & 7)) & 1;`;
      case "int":
        return `p = int(a${n}[i], p);`;
      case "long":
        return isWide(arrow)
          ? `p = long(a${n}[2 * i], a${n}[2 * i + 1], p);`
          : `p = int(a${n}[i], p);`;
      case "float":
        return `d.setFloat32(p, a${n}[i], true); p += 4;`;
      case "double":
        return `d.setFloat64(p, ${isWide(arrow) && !DataType.isFloat(arrow) ? `a${n}[2 * i + 1] * 4294967296 + (a${n}[2 * i] >>> 0)` : `a${n}[i]`}, true); p += 8;`;
      case "bytes":
        if (DataType.isDecimal(arrow)) return `p = decimal(a${n}, 16 * i, p);`;
        return `p = bytes(a${n}, o${n}[i], o${n}[i + 1], p);`;
      case "string":
        return `p = bytes(a${n}, o${n}[i], o${n}[i + 1], p);`;
      case "array":
      case "map":
        return this.#entries(type, arrow, slot, n);
      case "record":
        return `p = ${this.#record(type, arrow, slot)}(i, p); if (p > safe) p = grow(p, 0);`;
      default:
        throw new Error(`no encoder from columns for Avro's ${type.kind}`);
    }
  }

  #record(
    { fields }: AvroType & { kind: "record" },
    arrow: DataType,
    { part, steps }: Slot,
  ): string {
    const lines = fields.map(({ name, type }) => {
      const step = childNamed(arrow as Struct, name);
      return step < 0
        ? `b[p++] = 0;`
        : this.#nullable(type, arrow.children[step].type, { part, steps: [...steps, step] });
    });
    return this.#function("i", lines);
  }

  /**
   * Arrays and maps are one block: a count, entries, zero; nothing but the zero when they are
   * empty.
   */
  #entries(
    type: AvroType & { kind: "array" | "map" },
    arrow: DataType,
    { part, steps }: Slot,
    n: number,
  ): string {
    const items: Slot = { part, steps: [...steps, 0] };
    const inner = arrow.children[0].type;
    const entry =
      type.kind === "array"
        ? this.#nullable(type.items, inner, items)
        : this.#mapEntry(type.values, inner, items);
    const write = this.#function("i", [entry]);
    return `k = o${n}[i]; e = o${n}[i + 1]; if (e > k) p = int(e - k, p); for (; k < e; k++) p = ${write}(k, p); if (p > safe) p = grow(p, 0); b[p++] = 0;`;
  }

  #mapEntry(values: AvroType, entries: DataType, { part, steps }: Slot): string {
    const key = this.slots.push({ part, steps: [...steps, 0] }) - 1;
    const value = this.#nullable(values, entries.children[1].type, { part, steps: [...steps, 1] });
    return `p = bytes(a${key}, o${key}[i], o${key}[i + 1], p); if (p > safe) p = grow(p, 0); ${value}`;
  }
}

/** The table spells a column as the first schema did that had it. */
function childNamed({ children }: Struct, name: string): number {
  const exact = children.findIndex((field) => field.name === name);
  return exact >= 0
    ? exact
    : children.findIndex((field) => field.name.toLowerCase() === name.toLowerCase());
}

/** Two words of 32 bits a value. */
function isWide(type: DataType): boolean {
  return DataType.isTimestamp(type) || (DataType.isInt(type) && type.bitWidth === 64);
}

/** What a count of a time stamp's unit is in µs, as a fraction. */
export const microsPer: Readonly<Record<TimeUnit, readonly [times: bigint, by: bigint]>> = {
  [TimeUnit.SECOND]: [1_000_000n, 1n],
  [TimeUnit.MILLISECOND]: [1000n, 1n],
  [TimeUnit.MICROSECOND]: [1n, 1n],
  [TimeUnit.NANOSECOND]: [1n, 1000n],
};

const prelude = `
let b = Buffer.alloc(0), d = new DataView(b.buffer), safe = -1, start = 0;
function begin() { if (start > safe) { start = 0; piece(${pieceBytes}); } }
function piece(size) { b = Buffer.allocUnsafeSlow(size); d = new DataView(b.buffer); safe = size - ${spareBytes}; }
function grow(p, more) {
  const before = b, from = start, length = p - start;
  piece(Math.max(${pieceBytes}, 2 * length + more + ${2 * spareBytes})); before.copy(b, 0, from, p); start = 0;
  return length;
}
function int(x, p) {
  const n = ((x << 1) ^ (x >> 31)) >>> 0;
  if (n < 128) { b[p] = n; return p + 1; }
  return varint(n, 0, p);
}
function long(low, high, p) {
  const sign = high >> 31;
  return varint((low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign, p);
}
function varint(low, high, p) {
  while (high !== 0 || low & ~127) { b[p++] = (low & 127) | 128; low = (low >>> 7) | (high << 25); high >>>= 7; }
  b[p++] = low; return p;
}
function bytes(a, from, to, p) {
  const n = to - from;
  if (p + n > safe) p = grow(p, n);
  p = int(n, p);
  if (n <= ${shortText}) while (from < to) b[p++] = a[from++]; else { b.set(a.subarray(from, to), p); p += n; }
  return p;
}
function decimal(a, at, p) {
  let n = 15;
  while (n > 0 && (a[at + n] === 0 || a[at + n] === 255) && (a[at + n] & 128) === (a[at + n - 1] & 128)) n--;
  p = int(n + 1, p);
  for (; n >= 0; n--) b[p++] = a[at + n];
  return p;
}`;
