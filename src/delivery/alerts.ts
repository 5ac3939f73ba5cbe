import { basename, join } from "node:path";
import type { Data, Struct } from "apache-arrow";
import { reservedColumns } from "../archive/columns.ts";
import type { AddFile, MetaData } from "../lake/actions.ts";
import { mayHaveAlerts } from "../lake/merge-stats.ts";
import { fieldNamed, type StructField, type StructType } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { idPaths, idsIn } from "../science/keys.ts";
import { openAlertFile } from "../science/parquet.ts";
import type { Survey } from "../surveys/definition.ts";
import { kept } from "../kept.ts";
import { FileRows, type Place } from "./file-rows.ts";
import type { NightMatch } from "./matches.ts";

/**
 * An alert as the lake has it: its row of `raw`, and its row of `science` where there is one (else
 * null and -1).
 */
export interface Alert {
  readonly parts: readonly [raw: Data<Struct>, science: Data<Struct> | null];
  readonly rows: readonly [raw: number, science: number];
}

/** Reads the alerts of matches: the columns of `raw`, and those that `science` adds to them. */
export class AlertReader {
  readonly #raw: TableRows;
  readonly #science: TableRows;
  readonly #updates: TableRows;
  readonly #selected = new Map<string, StructType>();
  #known: (MetaData | null)[] = [];

  /** `images` false: without cutouts. */
  constructor(lake: string, survey: Survey, images: boolean) {
    const table = (kind: string) =>
      new TableRows(new LakeTable(join(lake, survey.name, kind)), survey, images);
    this.#raw = table("raw");
    this.#science = table("science");
    this.#updates = table(updatesTable);
  }

  /**
   * What is sent of an alert: the columns at these dotted paths, or all but the lake's own. The
   * same object while the tables stay as they are.
   */
  columns(paths: readonly string[] | null): StructType {
    const tables = [this.#raw.table.snapshot, this.#science.table.snapshot];
    if (tables.some(({ metaData }, i) => metaData !== this.#known[i])) this.#selected.clear();
    this.#known = tables.map(({ metaData }) => metaData);
    return kept(this.#selected, JSON.stringify(paths), () => {
      const [raw, science] = tables.map(({ schema }) => schema);
      const all: StructType = {
        type: "struct",
        fields: [...raw.fields, ...science.fields.filter(({ name }) => !fieldNamed(raw, name))],
      };
      return selectColumns(
        all,
        paths ??
          all.fields
            .map(({ name }) => name)
            .filter((n) => !n.startsWith("_") && !reservedColumns.includes(n)),
      );
    });
  }

  /** In the order of the matches; null where the lake does not have the alert. */
  async read(matches: readonly NightMatch[]): Promise<(Alert | null)[]> {
    for (const { table } of [this.#raw, this.#science, this.#updates]) table.refresh();
    const found = new Map<NightMatch, Alert>();
    for (const [night, own] of Map.groupBy(matches, (m) => m.night)) {
      const hints = new Set(own.flatMap(({ match }) => match._raw ?? []));
      const raw = await this.#raw.find(
        night,
        new Set(own.map(({ match }) => String(match.alert))),
        hints,
      );
      const base = await this.#science.find(
        night,
        new Set(own.map(({ match }) => String(match.alert))),
        hints,
      );
      const updated = own.filter(({ match }) => match.revision > 0);
      const updates =
        updated.length === 0
          ? null
          : await this.#updates.find(night, new Set(updated.map(keyOf)), new Set());
      for (const match of own) {
        const row = raw.get(String(match.match.alert));
        const science = updates?.get(keyOf(match)) ?? base.get(String(match.match.alert));
        if (row)
          found.set(match, {
            parts: [row.data, science?.data ?? null],
            rows: [row.row, science?.row ?? -1],
          });
      }
    }
    return matches.map((match) => found.get(match) ?? null);
  }
}

const updatesTable = "science_updates";

/** Elsewhere an alert has one row. */
function isUpdates({ path }: LakeTable): boolean {
  return basename(path) === updatesTable;
}

function keyOf({ match: { alert, revision } }: NightMatch): string {
  return revision === 0 ? String(alert) : `${alert}/u${revision}`;
}

/**
 * The fields at these dotted paths, in the order of the table; a path that is not there is passed
 * over.
 */
export function selectColumns({ fields }: StructType, paths: readonly string[]): StructType {
  const selected = fields.flatMap((field): StructField[] => {
    const inner = paths.flatMap((path) =>
      path.toLowerCase().startsWith(`${field.name.toLowerCase()}.`)
        ? [path.slice(field.name.length + 1)]
        : [],
    );
    if (paths.some((path) => path.toLowerCase() === field.name.toLowerCase())) return [field];
    if (inner.length === 0 || typeof field.type === "string") return [];
    if (field.type.type === "struct") return [{ ...field, type: selectColumns(field.type, inner) }];
    if (
      field.type.type === "array" &&
      typeof field.type.elementType === "object" &&
      field.type.elementType.type === "struct"
    ) {
      return [
        {
          ...field,
          type: { ...field.type, elementType: selectColumns(field.type.elementType, inner) },
        },
      ];
    }
    return [];
  });
  return { type: "struct", fields: selected };
}

/**
 * Files that a table keeps read, for the next batch and the next target want the same ones: in
 * bytes, and in number, for small ones are mostly columns' headers.
 */
const keptBytes = 16 << 20;
const keptFiles = 16;

/** Rows of one table by alert id (and revision, where the table has it). */
class TableRows {
  readonly table: LakeTable;
  readonly #survey: Survey;
  readonly #images: boolean;
  readonly #read = new Map<string, { readonly bytes: number; readonly rows: Promise<FileRows> }>();

  constructor(table: LakeTable, survey: Survey, images: boolean) {
    this.table = table;
    this.#survey = survey;
    this.#images = images;
  }

  /**
   * Looks first into the files that the hints (paths within `raw`) name, then into those of the
   * night that may have the ids.
   */
  async find(
    night: string | null,
    keys: ReadonlySet<string>,
    hints: ReadonlySet<string>,
  ): Promise<Map<string, Place>> {
    const found = new Map<string, Place>();
    const ids = [...keys].map((key) =>
      isUpdates(this.table) ? key.slice(0, key.lastIndexOf("/")) : key,
    );
    const files = [...this.table.snapshot.files.values()].filter(
      ({ partitionValues }) => partitionValues["night"] === night,
    );
    const isHinted = ({ path, tags }: AddFile) =>
      hints.has(path) || hints.has(tags?.["fink.raw"] ?? "");
    for (const file of [
      ...files.filter(isHinted),
      ...files.filter((f) => !isHinted(f) && mayHaveAlerts(f, this.#survey, ids)),
    ]) {
      if (found.size === keys.size) break;
      const rows = await this.#rowsOf(file);
      const missing = [...keys].filter((key) => !found.has(key));
      for (const [key, place] of await rows.find(missing)) found.set(key, place);
    }
    return found;
  }

  #rowsOf({ path, size }: AddFile): Promise<FileRows> {
    const known = this.#read.get(path);
    const rows = known?.rows ?? this.#load(path);
    this.#read.delete(path); // the latest used stand last
    this.#read.set(path, { bytes: size, rows });
    let bytes = [...this.#read.values()].reduce((sum, file) => sum + file.bytes, 0);
    for (const [old, { bytes: own }] of this.#read) {
      if ((bytes <= keptBytes && this.#read.size <= keptFiles) || old === path) break;
      this.#read.delete(old);
      bytes -= own;
    }
    rows.catch(() => this.#read.delete(path));
    return rows;
  }

  async #load(path: string): Promise<FileRows> {
    const file = await openAlertFile(join(this.table.path, path));
    const images = this.#images
      ? []
      : Object.values(this.#survey.cutouts ?? {}).flatMap((paths) =>
          paths.map((p) => p.split(".")[0]),
        );
    const hasRevisions = isUpdates(this.table);
    const alerts = await file.read([
      ...idPaths(this.#survey, file),
      ...(hasRevisions ? ["_revision"] : []),
    ]);
    const revisions = hasRevisions ? alerts.numbers("_revision") : null;
    const keys = [...idsIn(alerts, this.#survey)].map((alert, row) =>
      revisions ? `${alert}/u${revisions[row]}` : String(alert),
    );
    const columns = [...file.paths].filter((p) => !p.includes(".") && !images.includes(p));
    return new FileRows(file, columns, keys);
  }
}
