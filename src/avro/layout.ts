import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal as ArrowDecimal,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  Map_,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import type { AvroRecord, AvroType } from "./schema.ts";

/**
 * Where the values of a schema go: a tree of columns over numbered arrays. `valid` is the array
 * with one byte a row that says whether the value is there, or -1 where it always is.
 */
export type Layout =
  | {
      readonly kind: "number";
      readonly type: DataType;
      readonly valid: number;
      readonly array: number;
    }
  | {
      readonly kind: "bytes";
      readonly type: DataType;
      readonly valid: number;
      readonly offsets: number;
      readonly data: number;
    }
  | {
      readonly kind: "list";
      readonly type: DataType;
      readonly valid: number;
      readonly offsets: number;
      readonly level: number;
      readonly items: Layout;
    }
  | {
      readonly kind: "struct";
      readonly type: DataType;
      readonly valid: number;
      readonly children: readonly Layout[];
    };

/**
 * What one array holds: 32-bit words per row (floats and longs as their bits), bytes, list or byte
 * offsets, or data bytes.
 */
export type ArrayKind = "word" | "word2" | "word4" | "byte" | "offsets" | "data";

/** An array and the level whose rows it follows; level 0 is the alert, each list opens one. */
export interface ArraySpec {
  readonly kind: ArrayKind;
  readonly level: number;
}

type StructLayout = Layout & { kind: "struct" };

export interface LayoutPlan {
  readonly root: StructLayout;
  readonly arrays: readonly ArraySpec[];
  readonly levels: number;
  /**
   * The layout of each type *as it occurs*: a named type used twice is laid out twice. Types
   * without a column are absent.
   */
  readonly at: ReadonlyMap<string, Layout>;
}

/**
 * Lays out a record: structs stay structs, arrays and maps become lists, a union of several types a
 * struct with a field per type.
 */
export function layOut(record: AvroRecord, reserved: readonly string[] = []): LayoutPlan {
  const planner = new Planner(reserved);
  const root = planner.root(record);
  return { root, arrays: planner.arrays, levels: planner.levels, at: planner.at };
}

/**
 * The fields a record becomes, under names that differ by more than case (Delta, DuckDB and Spark
 * compare without it).
 */
export function columnNames(names: readonly string[], reserved: readonly string[] = []): string[] {
  /**
   * Names taken, in lower case, and the number the next of that name tries first: a hostile schema
   * has thousands of one name.
   */
  const taken = new Map(reserved.map((name) => [name.toLowerCase(), 2]));
  return names.map((name) => {
    const lower = name.toLowerCase();
    let unique = name;
    for (let n = taken.get(lower) ?? 2; taken.has(unique.toLowerCase()); n++) {
      unique = `${name}_${n}`;
      taken.set(lower, n + 1);
    }
    taken.set(unique.toLowerCase(), 2);
    return unique;
  });
}

/** Where the layout of items without content is found. */
export function countedPath(path: string): string {
  return `${path}#`;
}

/** The column name of a union's branch: the type's name, without its namespace. */
function branchName(type: AvroType): string {
  return "name" in type ? type.name.slice(type.name.lastIndexOf(".") + 1) : type.kind;
}

class Planner {
  readonly arrays: ArraySpec[] = [];
  readonly at = new Map<string, Layout>();
  levels = 1;
  readonly #reserved: readonly string[];
  constructor(reserved: readonly string[]) {
    this.#reserved = reserved;
  }

  root(record: AvroRecord): StructLayout {
    return this.#struct(...this.#fields(record, "", 0), "", -1);
  }

  #fields(
    record: AvroRecord,
    path: string,
    level: number,
  ): [names: string[], laid: (Layout | null)[]] {
    const laid = record.fields.map((f) =>
      this.#type(f.type, path === "" ? f.name : `${path}.${f.name}`, level, -1),
    );
    return [record.fields.map((f) => f.name), laid];
  }

  /** null where none of the children has anything to store: Parquet has no empty structs. */
  #structOrNull(
    names: readonly string[],
    laid: readonly (Layout | null)[],
    path: string,
    valid: number,
  ): Layout | null {
    return laid.some((layout) => layout !== null) ? this.#struct(names, laid, path, valid) : null;
  }

  #struct(
    names: readonly string[],
    laid: readonly (Layout | null)[],
    path: string,
    valid: number,
  ): StructLayout {
    const unique = columnNames(names, path === "" ? this.#reserved : []);
    const present = laid.flatMap((layout, i) => (layout ? [{ layout, name: unique[i] }] : []));
    const type = new Struct(present.map(({ layout, name }) => new Field(name, layout.type, true)));
    return this.#keep(path, {
      kind: "struct",
      type,
      valid,
      children: present.map(({ layout }) => layout),
    });
  }

  /**
   * null: nothing to store (Avro null, or a record of nothing but nulls); missing columns read as
   * null.
   */
  #type(type: AvroType, path: string, level: number, valid: number): Layout | null {
    switch (type.kind) {
      case "null":
        return null;
      case "record":
        return this.#structOrNull(...this.#fields(type, path, level), path, valid);
      case "union":
        return this.#union(type.branches, path, level, valid);
      case "array":
        return this.#list(path, level, valid, (inner) =>
          this.#items(type.items, `${path}[]`, inner),
        );
      case "map":
        return this.#list(
          path,
          level,
          valid,
          (inner) => this.#entries(type.values, path, inner),
          true,
        );
      default:
        return this.#scalar(type, path, level, valid);
    }
  }

  #scalar(type: AvroType, path: string, level: number, valid: number): Layout {
    const arrow = scalarType(type);
    const kind = wordsOf(type);
    if (kind !== "data")
      return this.#keep(path, {
        kind: "number",
        type: arrow,
        valid,
        array: this.#array(kind, level),
      });
    const offsets = this.#array("offsets", level);
    return this.#keep(path, {
      kind: "bytes",
      type: arrow,
      valid,
      offsets,
      data: this.#array("data", level),
    });
  }

  #union(branches: readonly AvroType[], path: string, level: number, valid: number): Layout | null {
    const others = branches.filter((b) => b.kind !== "null");
    if (others.length === 0) return null;
    if (others.length === 1) {
      const nullable = branches.length > 1 && valid < 0 ? this.#array("byte", level) : valid;
      return this.#type(others[0], path, level, nullable);
    }
    const present =
      branches.length > others.length && valid < 0 ? this.#array("byte", level) : valid;
    const laid = others.map((b) =>
      this.#type(b, `${path}|${branches.indexOf(b)}`, level, this.#array("byte", level)),
    );
    return this.#structOrNull(others.map(branchName), laid, path, present);
  }

  #list(
    path: string,
    level: number,
    valid: number,
    inner: (level: number) => Layout,
    isMap = false,
  ): Layout {
    const offsets = this.#array("offsets", level);
    const own = this.levels++;
    const items = inner(own);
    const field = new Field(isMap ? "entries" : "element", items.type, !isMap);
    const type = isMap
      ? new Map_(field as Field<Struct<{ key: Utf8; value: DataType }>>)
      : new List(field);
    return this.#keep(path, { kind: "list", type, valid, offsets, level: own, items });
  }

  /**
   * Items without any content still have to be counted: they become `true`, laid out at `path` with
   * a mark.
   */
  #items(type: AvroType, path: string, level: number): Layout {
    return (
      this.#type(type, path, level, -1) ??
      this.#keep(countedPath(path), {
        kind: "number",
        type: new Bool(),
        valid: -1,
        array: this.#array("byte", level),
      })
    );
  }

  #entries(values: AvroType, path: string, level: number): Layout {
    const key = this.#scalar({ kind: "string" }, `${path}{key}`, level, -1);
    const value = this.#items(values, `${path}{}`, level);
    const type = new Struct([
      new Field("key", key.type, false),
      new Field("value", value.type, true),
    ]);
    return this.#keep(`${path}{entries}`, {
      kind: "struct",
      type,
      valid: -1,
      children: [key, value],
    });
  }

  #array(kind: ArrayKind, level: number): number {
    return this.arrays.push({ kind, level }) - 1;
  }

  #keep<T extends Layout>(path: string, layout: T): T {
    this.at.set(path, layout);
    return layout;
  }
}

function wordsOf(type: AvroType): ArrayKind {
  if (type.kind === "boolean") return "byte";
  if (type.kind === "int" || type.kind === "float") return "word";
  if (type.kind === "long" || type.kind === "double") return "word2";
  return "decimal" in type && type.decimal ? "word4" : "data";
}

function scalarType(type: AvroType): DataType {
  if ("decimal" in type && type.decimal)
    return new ArrowDecimal(type.decimal.scale, type.decimal.precision, 128);
  switch (type.kind) {
    case "boolean":
      return new Bool();
    case "int":
      return type.logical === "date" ? new DateDay() : new Int32();
    case "long":
      return type.logical ? new TimestampMicrosecond("UTC") : new Int64();
    case "float":
      return new Float32();
    case "double":
      return new Float64();
    case "string":
    case "enum":
      return new Utf8();
    default:
      return new Binary();
  }
}
