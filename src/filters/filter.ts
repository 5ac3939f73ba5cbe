import type { AlertId } from "../surveys/alert-id.ts";
import type { Catalogue } from "../science/catalogue/load.ts";
import type { Alerts } from "../science/module.ts";

/**
 * What one astronomer wants to have: one file, `filters/<survey>/<name>.sql` or `.ts`. Shipped ones
 * are written as a user's are.
 */
export interface Filter {
  /** The file's name without its ending: lower case, digits, underscores. */
  readonly name: string;
  readonly survey: string;
  /** 1, 2, 3 …: goes up when the file's text changes. 0: not kept yet. */
  readonly version: number;
  readonly description: string;
  /** Paper, code or person it comes from; empty: none given. */
  readonly origin: string;
  /**
   * Where a message goes when it is switched off: an e-mail address or the name of a target; empty:
   * nowhere but the status page.
   */
  readonly owner: string;
  /** Names of targets: `kafka`, and those of `delivery.targets` in conf/fink.yaml. */
  readonly deliver: readonly string[];
  /** Columns to send, as dotted paths; null: all. */
  readonly columns: readonly string[] | null;
  /** Kafka topic of its matches; by default fink_<name>_<survey>. */
  readonly topic: string;
  /**
   * good: the live service gives it only alerts that pass the quality cuts, where the survey has
   * such a column.
   */
  readonly quality: "good" | "all";
  readonly file: string;
  /** The file's text. */
  readonly text: string;
  readonly body:
    | { readonly kind: "sql"; readonly where: Expression }
    | {
        readonly kind: "ts";
        readonly where: Expression;
        readonly needs: readonly string[];
        readonly catalogues: readonly string[];
      };
}

/**
 * The export of a `.ts` filter. It runs apart from the service, in a process which is stopped when
 * it takes too long.
 */
export interface FilterFunction {
  readonly description: string;
  readonly origin?: string;
  readonly owner?: string;
  readonly deliver?: readonly string[];
  readonly columns?: readonly string[];
  readonly topic?: string;
  readonly quality?: "good" | "all";
  /** Columns it reads, raw or of science, as dotted paths. */
  readonly needs: readonly string[];
  /**
   * SQL of a condition that is asked first: only alerts for which it is true are given to `select`.
   */
  readonly where?: string;
  /** Catalogues of the lake that it looks into: it is refused without them. */
  readonly catalogues?: readonly string[];
  /** A mask: 1 for each alert that is selected. */
  select(alerts: Alerts, context: FilterContext): Uint8Array | Promise<Uint8Array>;
}

export interface FilterContext {
  /**
   * One of `catalogues`, with `allWithin` and `nearestWithin` of src/science/catalogue/match.ts to
   * look into it.
   */
  catalogue(name: string): Promise<Catalogue>;
}

/**
 * What a filter's SQL says, free of any engine: `emit.ts` writes it as DuckDB's SQL. `at`: where in
 * the file's text it stands; -1: nowhere.
 */
export type Expression = (Column | Constant | Call | Lambda | Field) & {
  /** The name that the filter gives it (`… AS name` in a WITH). */
  readonly as?: string;
};

export interface Column {
  readonly kind: "column";
  /** In a lambda the first name may be its variable. */
  readonly path: readonly string[];
  readonly at: number;
}

export interface Constant {
  readonly kind: "constant";
  /** A number with a point or exponent is a double; an integer is a bigint. */
  readonly value: string | number | bigint | boolean | null;
}

/**
 * A function or an operator: `abs`, `+`, `and`, `in`, `case` (when, then, …, else), `cast double`.
 */
export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expression[];
  readonly at: number;
}

export interface Lambda {
  readonly kind: "lambda";
  readonly parameters: readonly string[];
  readonly body: Expression;
}

/** A field of a structure that is computed: `element_at(prv_candidates, -1).magpsf`. */
export interface Field {
  readonly kind: "field";
  readonly of: Expression;
  readonly name: string;
  readonly at: number;
}

/**
 * A row of `<lake>/<survey>/matches`, partitioned by night as `raw` is. One per filter, alert and
 * revision of its science row.
 */
export interface Match {
  readonly filter: string;
  readonly filter_version: number;
  /** The survey's alert id (candid, diaSourceId). */
  readonly alert: AlertId;
  /** The survey's object id, as text. */
  readonly object: string | null;
  readonly ra: number | null;
  readonly dec: number | null;
  /** Time of the alert, MJD in the survey's scale. */
  readonly mjd: number | null;
  /** 0: the alert when it came; 1, 2 …: its science row was updated. */
  readonly revision: number;
  /** µs since 1970, UTC. */
  readonly matched_at: bigint;
  /**
   * When the alert was published, or came to Fink where that is not known: µs since 1970, UTC.
   * Null: an older Fink wrote the match.
   */
  readonly published_at: bigint | null;
  /** True for a match of `./fink filter rerun`: it is delivered however old its alert is. */
  readonly requested: boolean;
  /**
   * Value of each clause, in the order of `./fink filter explain`: 1, 0 or ? (null). Empty for
   * `.ts` filters.
   */
  readonly clauses: string;
  /**
   * Path within `raw` of the file that had the alert when it was matched: a hint, compaction moves
   * alerts.
   */
  readonly _raw: string | null;
}
