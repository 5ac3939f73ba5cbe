import type { DuckDBValue } from "@duckdb/node-api";
import { kept } from "../../kept.ts";
import type { AddFile } from "../../lake/actions.ts";
import { firstValueSql } from "../../lake/scan.ts";
import { changesAfter } from "../../science/changes.ts";
import { separation } from "../../sky/angle.ts";
import { nestedPixel } from "../../sky/healpix.ts";
import { classSql, columnsOf } from "./alerts.ts";
import { ofNights, type PageLake } from "./lake.ts";
import type { SkyAnswer } from "./types.ts";

export interface SkyQuestion {
  readonly survey: string;
  readonly night: number;
  readonly colour: "class" | "filter";
  readonly order: number;
  /** Only what is in this circle, degrees. */
  readonly cone: { readonly ra: number; readonly dec: number; readonly radius: number } | null;
}

const MOST_POINTS = 4000;
const KEPT_NIGHTS = 6;

/**
 * A night that has changed is read whole again after this time: compaction and merged updates
 * change it without adding alerts.
 */
const WHOLE_MS = 600_000;

/**
 * Alerts of a night, row by row. New ones are added: a busy night would else be read anew with each
 * commit.
 */
interface Night {
  version: number;
  /** The version at which all of it was read, and when: ms since 1970. */
  readonly whole: { readonly version: number; readonly at: number };
  readonly kind: string;
  readonly ra: number[];
  readonly dec: number[];
  /** Place in `names`. */
  readonly colour: number[];
  readonly names: string[];
  readonly objects: (string | null)[];
  readonly alerts: string[];
}

/** Counts of alerts per HEALPix pixel, and the alerts themselves when few are in view. */
export class SkyTiles {
  readonly #lake: PageLake;
  readonly #nights = new Map<string, Promise<Night | null>>();

  constructor(lake: PageLake) {
    this.#lake = lake;
  }

  async answer(question: SkyQuestion): Promise<SkyAnswer> {
    const { order, cone } = question;
    const night = await this.#night(question);
    const inView: number[] = [];
    for (let i = 0; i < night.ra.length; i++) {
      if (cone === null || separation(cone.ra, cone.dec, night.ra[i], night.dec[i]) <= cone.radius)
        inView.push(i);
    }
    const counts = Array.from(night.names, () => 0);
    const pixels = new Map<number, Map<number, number>>();
    for (const i of inView) {
      const colour = night.colour[i];
      counts[colour]++;
      const pixel = nestedPixel(order, night.ra[i], night.dec[i]);
      const of = kept(pixels, pixel, () => new Map<number, number>());
      of.set(colour, (of.get(colour) ?? 0) + 1);
    }
    return {
      order,
      total: inView.length,
      colours: night.names.map((name, i) => [name, counts[i]] as const),
      pixels: [...pixels].map(
        ([pixel, of]) =>
          [
            pixel,
            [...of.values()].reduce((a, b) => a + b),
            [...of].reduce((a, b) => (b[1] > a[1] ? b : a))[0],
          ] as const,
      ),
      points:
        inView.length > MOST_POINTS
          ? null
          : inView.map(
              (i) =>
                [
                  night.ra[i],
                  night.dec[i],
                  night.colour[i],
                  night.objects[i] ?? "",
                  night.alerts[i],
                ] as const,
            ),
    };
  }

  async #night({ survey, night, colour }: SkyQuestion): Promise<Night> {
    const key = `${survey} ${night} ${colour}`;
    const reading = (this.#nights.get(key) ?? Promise.resolve(null)).then((known) =>
      this.#read(known, survey, night, colour),
    );
    this.#nights.delete(key); // those asked for last stand last
    this.#nights.set(
      key,
      reading.catch(() => null),
    );
    if (this.#nights.size > KEPT_NIGHTS) this.#nights.delete(this.#nights.keys().next().value!);
    return await reading;
  }

  /** The night with what came since it was read; where that cannot be told, all of it again. */
  async #read(
    known: Night | null,
    survey: string,
    night: number,
    colour: SkyQuestion["colour"],
  ): Promise<Night> {
    const kind =
      colour === "filter"
        ? "matches"
        : (this.#lake.table(survey, "science")?.snapshot.files.size ?? 0) > 0
          ? "science"
          : "raw";
    const table = this.#lake.table(survey, kind);
    const version = table?.snapshot.version ?? -1;
    const isFresh =
      known?.kind === kind &&
      (known.whole.version === version || Date.now() - known.whole.at < WHOLE_MS);
    if (isFresh && known.version === version) return known;
    const changes = table && isFresh ? changesAfter(table, known.version, Infinity) : null;
    const isMore =
      known !== null && changes !== null && !changes.whole && changes.removed.length === 0;
    const wanted = new Set(
      [...((isMore ? changes.files : table?.snapshot.files.values()) ?? [])]
        .filter(ofNights([night]))
        .map(({ path }) => path),
    );
    let found = 0;
    const isWanted = ({ path }: AddFile) => wanted.has(path) && ++found > 0;
    const sql = (from: string) =>
      `SELECT * FROM (${this.#sql(survey, kind, from)}) WHERE isfinite(ra) AND isfinite("dec")`;
    const columns = await this.#lake.columns({ survey, kind, files: isWanted, sql });
    // some were compacted meanwhile
    if (found < wanted.size) return await this.#read(null, survey, night, colour);
    const read = isMore
      ? known
      : {
          version,
          whole: { version, at: Date.now() },
          kind,
          ra: [],
          dec: [],
          colour: [],
          names: [],
          objects: [],
          alerts: [],
        };
    add(read, columns);
    read.version = version;
    return read;
  }

  #sql(name: string, kind: string, from: string): string {
    if (kind === "matches")
      return `SELECT ra::DOUBLE AS ra, "dec"::DOUBLE AS "dec", filter AS colour, object, alert::VARCHAR AS alert FROM ${from}`;
    const survey = this.#lake.surveys.named(name);
    const { schema } = this.#lake.table(name, kind)!.snapshot;
    const column = (paths: readonly string[] | undefined) =>
      firstValueSql(schema, paths, undefined, survey.none) ?? "NULL";
    const type = kind === "science" ? classSql(survey, columnsOf(schema)) : null;
    return `SELECT ${column(survey.position?.ra)}::DOUBLE AS ra, ${column(survey.position?.dec)}::DOUBLE AS "dec", coalesce(${type ?? "NULL"}, 'Unclassified') AS colour,
      ${column(survey.object)}::VARCHAR AS object, ${column(survey.alert)}::VARCHAR AS alert FROM ${from}`;
  }
}

function add(night: Night, columns: readonly DuckDBValue[][] | null): void {
  const [ra, dec, colours, objects, alerts] = (columns ?? [[], [], [], [], []]) as [
    number[],
    number[],
    string[],
    (string | null)[],
    string[],
  ];
  const counts = new Map<string, number>();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  // the most frequent first, and each keeps its place
  night.names.push(
    ...[...counts.keys()]
      .filter((name) => !night.names.includes(name))
      .sort((a, b) => counts.get(b)! - counts.get(a)!),
  );
  const index = new Map(night.names.map((name, i) => [name, i]));
  for (let i = 0; i < ra.length; i++) {
    night.ra.push(ra[i]);
    night.dec.push(dec[i]);
    night.colour.push(index.get(colours[i])!);
    night.objects.push(objects[i]);
    night.alerts.push(alerts[i]);
  }
}
