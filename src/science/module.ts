/**
 * What is computed on each alert. One file is one module; shipped ones (`src/science/modules/`) and a user's are written the same way.
 * A module works on a whole batch, column by column: it is given typed arrays and returns typed arrays, an element per alert.
 */
export interface ScienceModule {
  /** Lower case, underscores; as in `./fink science list`. */
  readonly name: string;
  /** Goes up when its results change. */
  readonly version: string;
  readonly surveys: readonly string[];
  /** One or two sentences for people, with the paper or the code it follows. */
  readonly about: string;
  /** Columns it reads, as dotted paths such as `candidate.magpsf` or `prv_candidates.jd`; without one of them it cannot run. */
  readonly needs: readonly string[];
  readonly adds: readonly AddedColumn[];
  /** All columns of `adds`, by name. It may throw: its columns are null then, and the alerts go on. */
  run(alerts: Alerts, context: ScienceContext): Readonly<Record<string, Values>>;
}

export interface AddedColumn {
  /** A dotted name makes a structure: `lc_features_g.mean`. */
  readonly name: string;
  readonly type: "int" | "long" | "float" | "double" | "boolean" | "string";
  /** null: it has none. */
  readonly unit: string | null;
  readonly description: string;
}

/** A column of results. `missing[i]` 1 stands for null; without it no value is null (NaN is a value). Booleans are 0 and 1. */
export interface Values {
  readonly values: Int32Array | BigInt64Array | Float32Array | Float64Array | Uint8Array | readonly (string | null)[];
  readonly missing?: Uint8Array;
}

/** The alerts of a batch as columns. Each method throws FinkError "schema" for a path that is not there; asked twice it gives the same array. */
export interface Alerts {
  readonly count: number;
  /** Any number; null is NaN. Integers beyond 2^53 are rounded: use `longs`. */
  numbers(path: string): Float64Array;
  /** 64-bit integers; null is 0. */
  longs(path: string): BigInt64Array;
  /** Booleans: 1, 0, and 2 for null. */
  booleans(path: string): Uint8Array;
  texts(path: string): readonly (string | null)[];
  /** Bytes of one alert, such as a cutout. */
  bytes(path: string, alert: number): Uint8Array | null;
  /** A number of each entry of a list of structures, such as `prv_candidates.magpsf`: those of alert i are at offsets[i] to before offsets[i + 1]. A list that is null is empty. */
  lists(path: string): NumberLists;
  textLists(path: string): { readonly offsets: Int32Array; readonly values: readonly (string | null)[] };
}

export interface NumberLists {
  readonly offsets: Int32Array;
  /** null is NaN. */
  readonly values: Float64Array;
}

export interface ScienceContext {
  /** For modules that draw random numbers: the same for the same alert whenever it is computed. */
  readonly seed: number;
}
