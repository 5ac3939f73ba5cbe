import { countedPath, type Layout, type LayoutPlan } from "./layout.ts";
import { type AvroRecord, type AvroType, type Decimal, minSize } from "./schema.ts";

/**
 * Writes the JavaScript of a decoder for one schema: straight-line code from the Avro binary
 * encoding (Avro 1.12, "Binary Encoding") into the plan's arrays. Only numbers enter the code:
 * field names stay in `paths`, which error messages look up.
 *
 * In the code: b bytes, p position, end limit, r row, x byte, n length or count, o and m data
 * offsets, A<i> array i, R<l> rows of level l, C<l> capacity of level l. `q`, `lo`, `hi` are second
 * results.
 */
export function generate(
  schema: AvroRecord,
  plan: LayoutPlan,
): { code: string; paths: readonly string[] } {
  const generator = new Generator(plan);
  const main = generator.record(schema, "");
  return {
    code: [prelude, declarations(plan), ...generator.functions, entry(plan, main)].join("\n"),
    paths: generator.paths,
  };
}

/**
 * V8 gives up optimising very long functions; records are cut into functions of this many fields.
 */
const fieldsPerFunction = 40;

class Generator {
  readonly functions: string[] = [];
  readonly paths: string[] = [];
  readonly #plan: LayoutPlan;
  constructor(plan: LayoutPlan) {
    this.#plan = plan;
  }

  /** Makes a function that reads a record into row r and returns its name. */
  record(record: AvroRecord, path: string): string {
    const parts: string[] = [];
    for (let i = 0; i < record.fields.length; i += fieldsPerFunction) {
      const fields = record.fields.slice(i, i + fieldsPerFunction);
      parts.push(
        this.#function(
          fields
            .map((f) => this.value(f.type, path === "" ? f.name : `${path}.${f.name}`, "r"))
            .join("\n"),
        ),
      );
    }
    if (parts.length === 1) return parts[0];
    return this.#function(parts.map((name) => `p = ${name}(p, r);`).join(" "));
  }

  #function(body: string): string {
    const name = `f${this.functions.length}`;
    this.functions.push(`function ${name}(p, r) { let x, n, o, m, i, a;\n${body}\nreturn p; }`);
    return name;
  }

  /** Code that reads one value of the type into row `r` of its level. */
  value(type: AvroType, path: string, r: string): string {
    const layout = this.#plan.at.get(path);
    switch (type.kind) {
      case "null":
        return "";
      case "union":
        return this.#union(type.branches, path, r);
      case "record":
        return type.fields.length === 0 ? "" : `p = ${this.record(type, path)}(p, ${r});`;
      case "array":
        return `p = ${this.#array(type.items, path, layout)}(p, ${r});`;
      case "map":
        return `p = ${this.#map(type.values, path, layout)}(p, ${r});`;
      default:
        return this.#scalar(type, path, r, layout);
    }
  }

  #scalar(type: AvroType, path: string, r: string, layout: Layout | undefined): string {
    if (layout?.kind === "number") return this.#number(type, path, r, layout.array);
    if (layout?.kind !== "bytes") return "";
    const [O, D] = [`A${layout.offsets}`, `A${layout.data}`];
    const k = this.#path(path);
    const begin = `o = ${O}[${r}]; m = o + n; if (m > ${D}.length) ${D} = rt.room(${D}, o, m);`;
    const done = `${O}[${r} + 1] = m;`;
    switch (type.kind) {
      // short ones, and the check for ASCII, in the loop: a native call costs more than the bytes
      case "string":
        return `${length(k)} ${begin}
if (n < 128) { for (i = 0, a = 0; i < n; i++) { x = b[p + i]; ${D}[o + i] = x; a |= x; } if (a > 127) utf8(p, n, ${k}); } else { utf8(p, n, ${k}); b.copy(${D}, o, p, p + n); }
p += n; ${done}`;
      case "fixed":
        return `n = ${type.size}; if (n > end - p) rt.fail("the message ends in the middle of a value", ${k}); ${begin} b.copy(${D}, o, p, p + n); p += n; ${done}`;
      case "enum":
        return `${count()} if (!(n >= 0 && n < ${type.symbols.length})) rt.fail("enum symbol " + n + " of ${type.symbols.length}", ${k});
a = E${this.#symbols(type.symbols)}[n]; n = a.length; ${begin} a.copy(${D}, o); ${done}`;
      default:
        return `${length(k)} ${begin} b.copy(${D}, o, p, p + n); p += n; ${done}`;
    }
  }

  #number(type: AvroType, path: string, r: string, array: number): string {
    const A = `A${array}`;
    const k = this.#path(path);
    const decimal = ({ precision }: Decimal = { precision: 0, scale: 0 }) =>
      `if (!rt.decimal(b, p, p + n, ${precision}, ${A}, 4 * ${r})) rt.fail("decimal of more than ${precision} digits", ${k}); p += n;`;
    switch (type.kind) {
      case "boolean":
        return `x = b[p++]; if (!(x < 2)) rt.fail("boolean that is neither 0 nor 1", ${k}); ${A}[${r}] = x;`;
      case "int":
        return `x = b[p++]; if (x < 128) ${A}[${r}] = (x >>> 1) ^ -(x & 1); else { ${A}[${r}] = int(p - 1, ${k}); p = q; }`;
      case "float": // as bits: a NaN keeps its payload
        return `${A}[${r}] = v.getInt32(p, true); p += 4;`;
      case "double":
        return `${A}[2 * ${r}] = v.getInt32(p, true); ${A}[2 * ${r} + 1] = v.getInt32(p + 4, true); p += 8;`;
      case "long":
        return `x = b[p++]; if (x < 128) { x = (x >>> 1) ^ -(x & 1); lo = x; hi = x >> 31; } else { long(p - 1, ${k}); p = q; }
${type.logical === "timestamp-millis" ? `thousandfold(${k}); ` : ""}${A}[2 * ${r}] = lo; ${A}[2 * ${r} + 1] = hi;`;
      case "fixed":
        return `n = ${type.size}; if (n > end - p) rt.fail("the message ends in the middle of a value", ${k}); ${decimal(type.decimal)}`;
      case "bytes":
        return `${length(k)} ${decimal(type.decimal)}`;
      default:
        return "";
    }
  }

  #union(branches: readonly AvroType[], path: string, r: string): string {
    const others = branches.filter((b) => b.kind !== "null");
    const layout = this.#plan.at.get(path);
    const single = others.length === 1;
    const valid = layout && layout.valid >= 0 ? `A${layout.valid}[${r}] = ` : "";
    const cases = branches.map((branch, i) => {
      // A branch index is a zigzag varint: 0, 2, 4 … for the first 64 branches.
      if (branch.kind === "null")
        return `case ${2 * i}: ${valid ? `${valid}0;` : ""} ${this.#nothing(layout, r)} break;`;
      if (single)
        return `case ${2 * i}: ${valid ? `${valid}1;` : ""} ${this.value(branch, path, r)} break;`;
      return `case ${2 * i}: ${valid ? `${valid}1;` : ""} ${this.#branch(branch, `${path}|${i}`, layout, r)} break;`;
    });
    const k = this.#path(path);
    return `switch (b[p++]) { ${cases.join("\n")}\ndefault: rt.fail("union branch " + branch(p - 1, ${k}) + " of ${branches.length}", ${k}); }`;
  }

  /** One of several types: its own field is set, the others are null. */
  #branch(type: AvroType, path: string, union: Layout | undefined, r: string): string {
    if (union?.kind !== "struct") return "";
    const set = union.children.map(
      (child) => `A${child.valid}[${r}] = 0; ${this.#nothing(child, r)}`,
    );
    const own = this.#plan.at.get(path);
    set[union.children.indexOf(own as Layout)] = own ? `A${own.valid}[${r}] = 1;` : "";
    return `${set.join(" ")} ${this.value(type, path, r)}`;
  }

  /**
   * What a null still has to write: offsets go on from where they were. What lies below a null is
   * never looked at.
   */
  #nothing(layout: Layout | undefined, r: string): string {
    if (!layout) return "";
    if (layout.kind === "bytes") return `A${layout.offsets}[${r} + 1] = A${layout.offsets}[${r}];`;
    if (layout.kind === "list") return `A${layout.offsets}[${r} + 1] = R${layout.level};`;
    if (layout.kind === "number") return "";
    return layout.children.map((child) => this.#nothing(child, r)).join(" ");
  }

  #array(items: AvroType, path: string, layout: Layout | undefined): string {
    return this.#blocks(path, layout, minSize(items), (row) => this.#item(items, `${path}[]`, row));
  }

  #map(values: AvroType, path: string, layout: Layout | undefined): string {
    const body = (row: string) =>
      `${this.value({ kind: "string" }, `${path}{key}`, row)} ${this.#item(values, `${path}{}`, row)}`;
    return this.#blocks(path, layout, 1 + minSize(values), body);
  }

  #item(type: AvroType, path: string, row: string): string {
    const counted = this.#plan.at.get(countedPath(path));
    return counted?.kind === "number"
      ? `A${counted.array}[${row}] = 1; ${this.value(type, path, row)}`
      : this.value(type, path, row);
  }

  /**
   * Arrays and maps come in blocks: a count, items, …, zero. A negative count is followed by the
   * block's size in bytes. The count is held against the bytes that are left before a row is made;
   * items that take no bytes against what is spare.
   */
  #blocks(
    path: string,
    layout: Layout | undefined,
    smallest: number,
    body: (row: string) => string,
  ): string {
    if (layout?.kind !== "list") return this.#function("");
    const k = this.#path(path);
    const l = layout.level;
    const isTooMany = smallest > 0 ? `n > (end - p) / ${smallest}` : "(spare -= n) < 0";
    const item = this.#function(body("r"));
    return this.#function(`for (;;) {
${count()} if (n === 0) break;
if (n < 0) { n = -n; m = n; ${count()} if (n < 0 || n > end - p) rt.fail("block of " + n + " bytes with " + (end - p) + " left", ${k}); n = m; }
if (${isTooMany}) rt.fail("block of " + n + " items with " + (end - p) + " bytes left", ${k});
for (i = 0; i < n; i++) { if (R${l} >= C${l}) grow${l}(); p = ${item}(p, R${l}); R${l}++; }
if (p > end) rt.fail("the message ends in the middle of a value", ${k});
}
A${layout.offsets}[r + 1] = R${l};`);
  }

  #symbols(symbols: readonly string[]): number {
    const id = this.functions.length;
    this.functions.push(`const E${id} = ${JSON.stringify(symbols)}.map((s) => Buffer.from(s));`);
    return id;
  }

  #path(path: string): number {
    return this.paths.push(path) - 1;
  }
}

/** Reads a varint that is a count or an index into n. */
function count(): string {
  return `x = b[p++]; if (x < 128) n = (x >>> 1) ^ -(x & 1); else { n = size(p - 1); p = q; }`;
}

/** Reads the length of a string or of bytes into n, and holds it against what is left. */
function length(path: number): string {
  return `${count()} if (n < 0 || n > end - p) rt.fail("length " + n + " with " + (end - p) + " bytes left", ${path});`;
}

const prelude = `
let b = null, v = null, end = 0, spare = 0, q = 0, lo = 0, hi = 0;
function int(p, k) {
  let x, s = 0, n = 0;
  do { if (p >= end) rt.fail("the message ends in the middle of a value", k); x = b[p++]; n |= (x & 127) << s; s += 7; } while (x > 127 && s < 35);
  if (x > 15 && s === 35) rt.fail("int of more than 32 bits", k);
  q = p; return (n >>> 1) ^ -(n & 1);
}
function long(p, k) {
  let x, s = 0, l = 0, m = 0, h = 0;
  do {
    if (p >= end) rt.fail("the message ends in the middle of a value", k);
    x = b[p++];
    if (s < 28) l |= (x & 127) << s; else if (s < 56) m |= (x & 127) << (s - 28); else h |= (x & 127) << (s - 56);
    s += 7;
  } while (x > 127 && s < 70);
  if (x > 1 && s === 70) rt.fail("long of more than 64 bits", k);
  const low = l | (m << 28), high = (m >>> 4) | (h << 24), sign = -(low & 1);
  lo = ((low >>> 1) | (high << 31)) ^ sign; hi = (high >>> 1) ^ sign; q = p;
}
function size(p) { long(p, -1); return hi * 4294967296 + (lo >>> 0); }
function branch(p, k) { if (b[p] > 127) long(p, k); else { lo = b[p] >> 1; hi = 0; } return hi * 4294967296 + (lo >>> 0); }
function thousandfold(k) {
  const t = ((BigInt(hi) << 32n) | BigInt(lo >>> 0)) * 1000n;
  if (t !== BigInt.asIntN(64, t)) rt.fail("time stamp beyond 64 bits of microseconds", k);
  lo = Number(BigInt.asIntN(32, t)); hi = Number(BigInt.asIntN(32, t >> 32n));
}
function utf8(p, n, k) { if (!rt.isUtf8(b.subarray(p, p + n))) rt.fail("string that is not UTF-8", k); }`;

/**
 * Rows a level and bytes a column start with, doubled when full. Few: a schema may have 20,000
 * columns.
 */
const firstRows = 16;
const firstBytes = 256;

/**
 * Items that take no bytes (nulls, say) in one alert: nothing else bounds what a count of them may
 * claim.
 */
const spareItems = 1 << 16;

function declarations(plan: LayoutPlan): string {
  const lines: string[] = [];
  const perRow = { word: 1, word2: 2, word4: 4, byte: 1, offsets: 1, data: 0 };
  plan.arrays.forEach(({ kind }, i) => {
    if (kind === "data") lines.push(`let A${i} = rt.bytes(${firstBytes});`);
    else if (kind === "byte") lines.push(`let A${i} = rt.bytes(${firstRows}).fill(0);`);
    else
      lines.push(
        `let A${i} = rt.words(${perRow[kind] * firstRows + (kind === "offsets" ? 1 : 0)});`,
      );
  });
  for (let l = 0; l < plan.levels; l++) {
    const grow = plan.arrays.flatMap(({ kind, level }, i) =>
      level === l && kind !== "data"
        ? [`A${i} = rt.grown(A${i}, ${perRow[kind]} * rows + ${kind === "offsets" ? 1 : 0});`]
        : [],
    );
    // the capacity counts only when every array has it: growing may fail half-way
    lines.push(
      `let R${l} = 0, C${l} = ${firstRows}; function grow${l}() { const rows = 2 * C${l}; ${grow.join(" ")} C${l} = rows; }`,
    );
  }
  return lines.join("\n");
}

function entry(plan: LayoutPlan, main: string): string {
  const levels = Array.from({ length: plan.levels }, (_, l) => l);
  return `return {
rows: () => R0,
counts: () => [${levels.map((l) => `R${l}`).join(", ")}],
arrays: () => [${plan.arrays.map((_, i) => `A${i}`).join(", ")}],
cut(counts) { ${levels.map((l) => `R${l} = counts[${l}];`).join(" ")} },
decode(bytes, start, stop) {
  if (bytes !== b) { b = bytes; v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength); }
  end = stop;
  spare = ${spareItems};
  const ${levels.map((l) => `s${l} = R${l}`).join(", ")};
  try {
    if (R0 >= C0) grow0();
    const p = ${main}(start, R0);
    if (p > end) rt.fail("the message ends in the middle of a value", -1);
    R0++;
    return p;
  } catch (error) { ${levels.map((l) => `R${l} = s${l};`).join(" ")} throw rt.wrap(error); }
} };`;
}
