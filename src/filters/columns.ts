import {
  BOOLEAN,
  type DuckDBConnection,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  SQLNULL,
} from "@duckdb/node-api";
import { nearest } from "../config/nearest.ts";
import { FinkError } from "../errors.ts";
import { identifier, withoutNoneSql } from "../lake/scan.ts";
import { pathsOfSurvey, type Survey } from "../surveys/definition.ts";
import { noneIn } from "../surveys/none.ts";
import { placeSql } from "./places/function.ts";
import type { PlaceKind } from "./places/places.ts";
import { asDouble, elementOf, fieldOf, type Emitted } from "./emitted.ts";

/** A column of the alerts as filters read it: one value, or one list, of its own. */
export interface FlatColumn {
  /** `candidate.rb`: its name in the batch. */
  readonly path: string;
  /** Its value in terms of the alerts' nested columns. */
  readonly sql: string;
  readonly type: DuckDBType;
}

/** What may stand in a filter instead of a column: a mask that is computed from positions. */
export interface PlaceColumn extends FlatColumn {
  readonly place: readonly [PlaceKind, string];
}

/**
 * Structures of Fink's columns of LSST, which older files have at their root: `tns_fullname` for
 * `xm.tns_fullname`.
 */
const structures = new Set(["xm", "pred", "misc", "clf"]);

/** The columns of a survey's alerts, raw and science's, with their types. */
export class ColumnTypes {
  readonly survey: Survey;
  readonly type: DuckDBStructType;
  /** Columns by path in lower case that are not in the type: science modules would add them. */
  readonly added: ReadonlyMap<string, FlatColumn>;
  readonly #places: (kind: PlaceKind, name: string) => void;
  /**
   * Paths in the type, and paths that its alerts may have, in lower case, with the structures and
   * lists around them.
   */
  readonly #present: ReadonlySet<string>;
  readonly #known: ReadonlySet<string>;
  /** Maps at the root: any key may be asked of them. */
  readonly #maps: ReadonlySet<string>;

  /** `checkPlace` throws for a watch list or area that is not there. */
  constructor(
    survey: Survey,
    type: DuckDBStructType,
    added: ReadonlyMap<string, FlatColumn>,
    checkPlace: (kind: PlaceKind, name: string) => void,
  ) {
    this.survey = survey;
    this.type = type;
    this.#maps = new Set(
      type.entryNames
        .filter((_, i) => type.entryTypes[i] instanceof DuckDBMapType)
        .map((name) => name.toLowerCase()),
    );
    this.#present = new Set(pathsIn(type).map((path) => path.toLowerCase()));
    this.#known = new Set(
      [...pathsOfSurvey(survey), ...[...added.values()].map(({ path }) => path)].flatMap((path) =>
        outwards(path.toLowerCase()),
      ),
    );
    this.added = new Map(
      [...added].filter(([, { path }]) => this.#inType(path.split(".")) === null),
    );
    this.#places = checkPlace;
  }

  /** Throws "filter" for a column that is not there, with the nearest right name. */
  find(path: readonly string[]): FlatColumn {
    const inType =
      this.#inType(path) ??
      (path.length === 2 && structures.has(path[0]) ? this.#inType([path[1]]) : null);
    const found = inType ?? this.added.get(path.join(".").toLowerCase());
    if (found) return found;
    if (!this.isAbsent(path)) throw this.#missing(path);
    return { path: path.join("."), sql: "NULL", type: SQLNULL };
  }

  /** True for a column that alerts of the survey may have and these do not: it is null. */
  isAbsent(path: readonly string[]): boolean {
    const outer = outwards(path.join(".").toLowerCase());
    const first = outer.findIndex((one) => !this.#present.has(one));
    return first >= 0 && this.#known.has(outer[first]) && !this.#maps.has(outer[first - 1]);
  }

  #inType(path: readonly string[]): FlatColumn | null {
    const [first, ...rest] = path;
    const index = this.type.entryNames.findIndex(
      (name) => name.toLowerCase() === first.toLowerCase(),
    );
    if (index < 0) return null;
    let value: Emitted = {
      sql: identifier(this.type.entryNames[index]),
      type: this.type.entryTypes[index],
    };
    const names = [this.type.entryNames[index]];
    for (const name of rest) {
      if (value.type instanceof DuckDBStructType) {
        const entry = value.type.entryNames.find((one) => one.toLowerCase() === name.toLowerCase());
        if (entry === undefined) return null;
        names.push(entry);
      } else {
        names.push(name);
        if (this.isAbsent(names)) return null;
      }
      value = fieldOf(value, name);
    }
    const { sql, type } = asDouble(value);
    return { path: names.join("."), sql, type: type! };
  }

  has(path: string): boolean {
    try {
      this.find(path.split("."));
      return true;
    } catch {
      return false;
    }
  }

  /**
   * What the first of the paths that has a value says: alerts of several schema versions have it in
   * different columns. Null: there is none of them.
   */
  value(paths: readonly string[] | undefined): FlatColumn | null {
    const found = (paths ?? [])
      .filter((path) => this.has(path))
      .map((path) => this.find(path.split(".")))
      .filter(({ type }) => type.typeId !== DuckDBTypeId.SQLNULL);
    const sqls = found.map(({ path, sql, type }) =>
      withoutNoneSql(sql, noneIn(this.survey, path), type.typeId === DuckDBTypeId.VARCHAR),
    );
    if (found.length < 2 && sqls[0] === found[0]?.sql) return found[0] ?? null;
    return {
      path: `${found.map(({ path }) => path).join("|")}|`,
      sql: `coalesce(${sqls.join(", ")})`,
      type: found[0].type,
    };
  }

  /** The alert's id. */
  id(): FlatColumn {
    const { name, alert } = this.survey;
    const id = this.value(alert);
    if (!id)
      throw new FinkError(
        "schema",
        `alerts of ${name} have no id: its survey definition names no column (alert:) that they have`,
      );
    return id;
  }

  /** The alert's own time. */
  time(): FlatColumn {
    const time = this.value(this.survey.time?.field);
    if (time === null)
      throw new FinkError(
        "filter",
        `days_since: the definition of ${this.survey.name} names no time that its alerts have`,
      );
    return time;
  }

  place(kind: PlaceKind, name: string): PlaceColumn {
    this.#places(kind, name);
    const sqlOf = (paths: readonly string[] | undefined) => this.value(paths)?.sql ?? "NULL";
    const { position, object } = this.survey;
    const sql = placeSql(kind, name, sqlOf(position?.ra), sqlOf(position?.dec), sqlOf(object));
    return { path: `${kind}('${name}')`, sql, type: BOOLEAN, place: [kind, name] };
  }

  #missing(path: readonly string[]): FinkError {
    const name = path.join(".");
    const catalogue = /^catalogue_(\w+)$/.exec(path[0])?.[1];
    if (catalogue !== undefined)
      return new FinkError(
        "filter",
        `it needs the catalogue ${catalogue}${path.length > 1 ? ` with ${path[1]}` : ""}: see ./fink catalog list, add`,
      );
    const all = [...pathsIn(this.type), ...[...this.added.values()].map((column) => column.path)];
    const lastOf = (one: string) => one.slice(one.lastIndexOf(".") + 1).toLowerCase();
    const byLast = new Map(all.toReversed().map((one) => [lastOf(one), one]));
    const meant =
      byLast.get(lastOf(name)) ??
      (path.length > 1 ? nearest(name, all) : undefined) ??
      byLast.get(nearest(lastOf(name), byLast.keys()) ?? "");
    return new FinkError(
      "filter",
      `there is no column ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
    );
  }
}

/** The columns that a relation gives. */
export async function typesOf(
  connection: DuckDBConnection,
  relation: string,
): Promise<DuckDBStructType> {
  const prepared = await connection.prepare(`SELECT * FROM (${relation})`);
  const count = prepared.columnCount;
  const names = Array.from({ length: count }, (_, i) => prepared.columnName(i));
  const types = Array.from({ length: count }, (_, i) => prepared.columnType(i));
  prepared.destroySync();
  return new DuckDBStructType(names, types);
}

/** `a`, `a.b`, `a.b.c`. */
function outwards(path: string): string[] {
  const steps = path.split(".");
  return steps.map((_, i) => steps.slice(0, i + 1).join("."));
}

function pathsIn(type: DuckDBStructType, prefix = ""): string[] {
  return type.entryNames.flatMap((name, i) => {
    const inner = elementOf(type.entryTypes[i]) ?? type.entryTypes[i];
    return [
      `${prefix}${name}`,
      ...(inner instanceof DuckDBStructType ? pathsIn(inner, `${prefix}${name}.`) : []),
    ];
  });
}
