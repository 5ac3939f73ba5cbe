import type { Config } from "../config/schema.ts";

/**
 * What is computed on each alert. One file is one module; shipped ones (`src/science/modules/`) and
 * a user's are written the same way. A module works on a whole batch, column by column: it is given
 * typed arrays and returns typed arrays, an element per alert.
 */
export interface ScienceModule {
  /** Lower case, underscores; as in `./fink science list`. */
  readonly name: string;
  /** Goes up when its results change. */
  readonly version: string;
  readonly surveys: readonly string[];
  /** One or two sentences for people, with the paper or the code it follows. */
  readonly about: string;
  /**
   * Columns it reads, as dotted paths such as `candidate.magpsf` or `prv_candidates.jd`. One that
   * packets of some schema versions lack is null in their alerts. The module fails for a column
   * that no shipped module, table or survey definition knows, and where there is none of them at
   * all.
   */
  readonly needs: readonly string[];
  readonly adds: readonly AddedColumn[];
  /**
   * `name@edition` of each catalogue or service that it looks into: the rows name them in
   * `_catalogues`.
   */
  readonly catalogues?: readonly string[];
  /**
   * Names of the ONNX models that it runs (`loadedModel`); without one of them it is off. Their
   * files are part of its version in the rows.
   */
  readonly models?: readonly string[];
  /**
   * All columns of `adds`, by name, at once or later: a module that waits for a model or for a
   * remote service keeps no other from running. It may throw: its columns are null then, and the
   * alerts go on.
   */
  run(alerts: Alerts, context: ScienceContext): Columns | Promise<Columns>;
  /**
   * Why it cannot run here, such as a model that is not there; null: it can. Asked when a worker
   * starts; its columns are null until the next start.
   */
  unavailable?(setup: ScienceSetup): string | null | Promise<string | null>;
  /**
   * Of a module whose source learns more later, as TNS does when it names an object: the places on
   * the sky about which it has learnt since then (ms since 1970). Rows of the last nights there are
   * computed again by this module. Asked every `science.changesMinutes`.
   */
  changes?(since: number, setup: ScienceSetup): readonly Place[] | Promise<readonly Place[]>;
}

/** Added columns by name. */
export type Columns = Readonly<Record<string, Values>>;

/** A circle on the sky: degrees, and arcseconds. */
export interface Place {
  readonly ra: number;
  readonly dec: number;
  readonly radiusArcsec: number;
}

export interface AddedColumn {
  /** A dotted name makes a structure: `lc_features_g.mean`. */
  readonly name: string;
  readonly type: "int" | "long" | "float" | "double" | "boolean" | "string";
  /** null: it has none. */
  readonly unit: string | null;
  readonly description: string;
}

/**
 * A column of results. `missing[i]` 1 stands for null; without it no value is null (NaN is a
 * value). Booleans are 0 and 1.
 */
export interface Values {
  readonly values:
    | Int32Array
    | BigInt64Array
    | Float32Array
    | Float64Array
    | Uint8Array
    | readonly (string | null)[];
  readonly missing?: Uint8Array;
}

/**
 * The alerts of a batch as columns; those that are absent are null. Each method throws FinkError
 * "schema" for a path that is not among `needs`; asked twice it gives the same array.
 */
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
  /**
   * A number of each entry of a list of structures, such as `prv_candidates.magpsf`: those of alert
   * i are at offsets[i] to before offsets[i + 1]. A list that is null is empty.
   */
  lists(path: string): NumberLists;
  textLists(path: string): {
    readonly offsets: Int32Array;
    readonly values: readonly (string | null)[];
  };
  /**
   * 1 where an alert has no value: null, NaN, or what the survey's definition says stands for none
   * in that field, such as 0 for an id.
   */
  isNone(path: string): Uint8Array;
}

export interface NumberLists {
  readonly offsets: Int32Array;
  /** null is NaN. */
  readonly values: Float64Array;
}

/** Where modules run. */
export interface ScienceSetup {
  /** Absolute path of the lake; caches and models are in `<lake>/.fink/`. */
  readonly lake: string;
  readonly config: Config["science"];
}

export interface ScienceContext extends ScienceSetup {
  /** For modules that draw random numbers: the same for the same alert whenever it is computed. */
  readonly seed: number;
  /**
   * Says of an alert that an answer has not come. What `run` gives for it is stored meanwhile, null
   * or the last that is known, and the module is asked again some time later with this alert among
   * others, until it no longer says so.
   */
  pending(alert: number): void;
  /** Aborted when the batch no longer waits for this module. */
  readonly signal: AbortSignal;
}
