/**
 * What the routes of the pages answer. Ids of 64 bits are text; brightness is that of the
 * difference image; times are MJD in the survey's scale.
 */

/** One measurement of a light curve. */
export interface Measurement {
  readonly mjd: number;
  readonly band: string;
  /**
   * `alert`: its own packet is in the lake; `history`: it came with a later one; `limit`: nothing
   * was found, and this would have been.
   */
  readonly kind: "alert" | "history" | "limit" | "forced";
  readonly alertId: string | null;
  /** Magnitude of |difference|; `fluxNJy` has the sign. Null below three errors. */
  readonly magnitude: number | null;
  readonly magnitudeError: number | null;
  readonly fluxNJy: number | null;
  readonly fluxErrorNJy: number | null;
  /** Of the source and what the template has there, together. */
  readonly apparentNJy: number | null;
  readonly apparentErrorNJy: number | null;
  readonly limitMagnitude: number | null;
  readonly isBad: boolean;
}

/** One alert as lists show it. */
export interface AlertRow {
  readonly survey: string;
  readonly alertId: string;
  readonly objectId: string | null;
  /** Designation of a known solar-system object. */
  readonly solarSystem: string | null;
  readonly night: number | null;
  readonly mjd: number | null;
  /** Equatorial J2000, degrees. */
  readonly ra: number | null;
  readonly dec: number | null;
  readonly band: string | null;
  readonly magnitude: number | null;
  readonly magnitudeError: number | null;
  readonly fluxNJy: number | null;
  readonly class: string | null;
  /** ms since 1970. */
  readonly receivedAt: number | null;
  readonly curve?: readonly Measurement[] | undefined;
}

/** The newest alert of an object that was found. */
export interface FoundRow extends AlertRow {
  /** How many of its alerts are in the answer. */
  readonly alerts: number;
  readonly separationArcsec?: number;
}

export interface MatchRow extends AlertRow {
  readonly filter: string;
  /** ms since 1970. */
  readonly matchedAt: number;
  /** Value of each clause of the filter: 1, 0 or ?. */
  readonly clauses: string;
}

export interface NightCount {
  readonly survey: string;
  readonly night: number;
  readonly alerts: number;
}

export type Counts = readonly (readonly [name: string, count: number])[];

export interface NowAnswer {
  readonly nights: readonly NightCount[];
  readonly classes: Counts;
  readonly matches: readonly MatchRow[];
  readonly latest: readonly AlertRow[];
}

export interface NightAnswer extends NightCount {
  readonly classes: Counts;
  readonly filters: Counts;
}

export interface SearchAnswer {
  /** How the text was understood, in words. */
  readonly understood: string;
  readonly rows: readonly FoundRow[];
  /** The one page that is meant, where it is certain. */
  readonly open: string | null;
  /** More alerts fit than were read. */
  readonly isCut: boolean;
}

/** Names and values of a structure, nested ones with dots between. */
export type Fields = readonly (readonly [name: string, value: string | number | boolean | null])[];

export interface ObjectAnswer {
  readonly survey: string;
  readonly objectId: string;
  /** Newest first. */
  readonly alerts: readonly AlertRow[];
  readonly points: readonly Measurement[];
  readonly matches: readonly MatchRow[];
}

/** All that is known of one alert, without images and history. */
export interface AlertAnswer {
  readonly raw: Fields;
  readonly science: Fields;
}

export interface SkyAnswer {
  /** HEALPix order of `pixels`, nested. */
  readonly order: number;
  readonly total: number;
  /** Names by index. */
  readonly colours: Counts;
  readonly pixels: readonly (readonly [pixel: number, count: number, colour: number])[];
  /** When few enough are in view. */
  readonly points:
    | readonly (readonly [
        ra: number,
        dec: number,
        colour: number,
        objectId: string,
        alertId: string,
      ])[]
    | null;
}

export interface DocPage {
  /** Path within docs/, without .md. */
  readonly name: string;
  readonly title: string;
}

export interface AboutAnswer {
  readonly version: string;
  readonly node: string;
  /** ms since 1970. */
  readonly startedAt: number;
  readonly lake: string;
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null;
  readonly surveys: readonly { readonly name: string; readonly title: string }[];
  readonly catalogues: readonly {
    readonly name: string;
    readonly edition: string;
    readonly rows: number;
    readonly radiusArcsec: number;
  }[];
  readonly modules: readonly {
    readonly name: string;
    readonly version: string;
    readonly surveys: readonly string[];
    readonly about: string;
  }[];
}

export interface FilterRow {
  readonly survey: string;
  readonly name: string;
  readonly description: string;
  readonly origin: string;
  readonly owner: string;
  readonly deliver: readonly string[];
  readonly topic: string;
  readonly quality: string;
  readonly kind: "sql" | "ts";
  /** Why its file cannot be used; empty when it can. */
  readonly problem: string;
  /** Alerts that it did not look at, and why; empty: none. */
  readonly missed: string;
  /** Matches of the newest nights, newest first. */
  readonly nights: readonly (readonly [night: number, matches: number])[];
}

export interface FilterAnswer extends FilterRow {
  readonly text: string;
  readonly latest: readonly MatchRow[];
}

/** How a filter's text does on alerts of the lake. */
export interface FilterTest {
  /** Null: it can be used. */
  readonly problem: string | null;
  readonly clauses: readonly { readonly text: string; readonly passed: number }[];
  readonly nights: readonly {
    readonly night: number;
    readonly alerts: number;
    readonly selected: number;
    readonly milliseconds: number;
  }[];
  readonly sample: readonly AlertRow[];
}

/** Why a filter takes an alert, or not. */
export interface FilterExplanation {
  readonly problem: string | null;
  readonly isSelected: boolean;
  readonly clauses: readonly { readonly text: string; readonly value: boolean | null }[];
  readonly values: Fields;
}
