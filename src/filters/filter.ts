import type { Alerts } from "../science/module.ts";

/** What one astronomer wants to have: one file, `filters/<survey>/<name>.sql` or `.ts`. Shipped ones are written as a user's are. */
export interface Filter {
  /** The file's name without its ending: lower case, digits, underscores. */
  readonly name: string;
  readonly survey: string;
  /** 1, 2, 3 …: goes up when the file's text changes. */
  readonly version: number;
  readonly description: string;
  /** Paper, code or person it comes from; empty: none given. */
  readonly origin: string;
  /** Where a message goes when it is switched off: an e-mail address or the name of a target; empty: nowhere but the status page. */
  readonly owner: string;
  /** Names of targets: `kafka`, and those of `delivery.targets` in conf/fink.yaml. */
  readonly deliver: readonly string[];
  /** Columns to send, as dotted paths; null: all. */
  readonly columns: readonly string[] | null;
  /** Kafka topic of its matches; by default fink_<name>_<survey>. */
  readonly topic: string;
  readonly file: string;
  /** The file's text. */
  readonly text: string;
  readonly body: { readonly kind: "sql"; readonly sql: string } | ({ readonly kind: "ts" } & FilterFunction);
}

/** What a `.ts` filter gives: a mask, 1 for each alert that is selected. */
export interface FilterFunction {
  /** Columns it reads, raw or of science, as dotted paths. */
  readonly needs: readonly string[];
  select(alerts: Alerts): Uint8Array | Promise<Uint8Array>;
}

/** A row of `<lake>/<survey>/matches`, partitioned by night as `raw` is. One per filter, alert and revision of its science row. */
export interface Match {
  readonly filter: string;
  readonly filter_version: number;
  /** The survey's alert id (candid, diaSourceId). */
  readonly alert: bigint;
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
  /** Value of each clause of the WHERE, in the order of `./fink filter explain`: 1, 0 or ? (null). */
  readonly clauses: string;
  /** Path within `raw` of the file that had the alert when it was matched: a hint, compaction moves alerts. */
  readonly _raw: string | null;
}
