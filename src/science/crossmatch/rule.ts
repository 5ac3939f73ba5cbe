import type { AddedColumn } from "../module.ts";
import type { KeptValue } from "../catalogue/kept-column.ts";

/**
 * One catalogue that Fink knows, and the columns that it fills: the source nearest to the alert,
 * nearer than the radius.
 */
export interface CrossMatch {
  /**
   * Of the catalogue of the lake that is asked first, and of the remote service in
   * `science.remote.services`.
   */
  readonly name: string;
  readonly title: string;
  readonly radiusArcsec: number;
  /** Columns of the source, as `--keep` and the service name them. */
  readonly fields: readonly string[];
  /** Those of them that a catalogue of the lake may lack. */
  readonly optional?: readonly string[];
  /**
   * How the catalogue is added: files, and the columns of positions; null: it is only asked for
   * remotely.
   */
  readonly add: string | null;
  /** Table of the CDS X-match service; null: the lake's catalogue only. */
  readonly table: string | null;
  readonly columns: Readonly<Partial<Record<FinkSurvey, readonly MatchColumn[]>>>;
  /** Sources that do not count for a survey. */
  readonly ignores?: Readonly<Partial<Record<FinkSurvey, (field: Field) => boolean>>>;
}

export type FinkSurvey = "ztf" | "lsst";

export interface MatchColumn extends AddedColumn {
  value(field: Field): KeptValue;
  /** Where there is no source. */
  readonly none: string | number | null;
}

/** A field of a source. */
export type Field = (name: string) => KeptValue;

/** Of an alert: null where nothing is near it, undefined where the answer has not come. */
export type Answer = Field | null | undefined;

/** A column that is the field of a source as it is. */
export function same(
  field: string,
  column: AddedColumn,
  none: MatchColumn["none"] = null,
): MatchColumn {
  return { ...column, value: (of) => of(field), none };
}

export function text(name: string, description: string): AddedColumn {
  return { name, type: "string", unit: null, description };
}
