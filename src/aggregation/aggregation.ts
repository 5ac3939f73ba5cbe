import type { Grouped } from "./parse.ts";

/**
 * Counts of alerts in windows of time: one file, `aggregations/<survey>/<name>.sql`. Shipped ones
 * are written as a user's are.
 */
export interface Aggregation {
  /** The file's name without its ending. */
  readonly name: string;
  readonly survey: string;
  readonly title: string;
  readonly description: string;
  /** How the page draws it. */
  readonly plot: Plot;
  readonly window: Window;
  /** Changes when the file's text changes. */
  readonly version: string;
  readonly file: string;
  readonly text: string;
  readonly select: Grouped;
}

export const plots = ["lines", "bars", "table"] as const;
export type Plot = (typeof plots)[number];

export const windows = ["minute", "hour", "night"] as const;
export type Window = (typeof windows)[number];

/**
 * A row of `<lake>/<survey>/statistics`, partitioned by night: one number of one group in one
 * window.
 */
export interface Statistic {
  readonly aggregation: string;
  readonly version: string;
  readonly window: Window;
  /** ms since 1970: where the window begins, in the survey's time scale; of a night its date. */
  readonly start: number;
  /** Values of the GROUP BY, with ` · ` between them; empty without one. */
  readonly group: string;
  /** Name of the value's column. */
  readonly name: string;
  readonly value: number;
}
