import type { DuckDBValue } from "@duckdb/node-api";
import { kept } from "../../kept.ts";
import { firstValueSql } from "../../lake/scan.ts";
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

/** Positions of a night as columns: a million take 40 MB. */
interface Night {
  readonly version: number;
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly colour: Uint16Array;
  readonly names: readonly string[];
  readonly ids: readonly (readonly [object: string, alert: string])[];
}

/** Counts of alerts per HEALPix pixel, and the alerts themselves when few are in view. */
export class SkyTiles {
  readonly #lake: PageLake;
  readonly #nights = new Map<string, Night>();

  constructor(lake: PageLake) {
    this.#lake = lake;
  }

  async answer(question: SkyQuestion): Promise<SkyAnswer> {
    const { order, cone } = question;
    const night = await this.#night(question);
    const inView: number[] = [];
    for (let i = 0; i < night.ra.length; i++) {
      if (cone === null || separation(cone.ra, cone.dec, night.ra[i], night.dec[i]) <= cone.radius) inView.push(i);
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
      pixels: [...pixels].map(([pixel, of]) => [pixel, [...of.values()].reduce((a, b) => a + b), [...of].reduce((a, b) => (b[1] > a[1] ? b : a))[0]] as const),
      points: inView.length > MOST_POINTS ? null : inView.map((i) => [night.ra[i], night.dec[i], night.colour[i], ...night.ids[i]] as const),
    };
  }

  async #night(question: SkyQuestion): Promise<Night> {
    const { survey, night, colour } = question;
    const key = `${survey} ${night} ${colour}`;
    const kind = colour === "filter" ? "matches" : (this.#lake.table(survey, "science")?.snapshot.files.size ?? 0) > 0 ? "science" : "raw";
    const version = this.#lake.table(survey, kind)?.snapshot.version ?? -1;
    const kept = this.#nights.get(key);
    if (kept?.version === version) return kept;
    const read = nightOfColumns(
      version,
      await this.#lake.columns({
        survey,
        kind,
        files: ofNights([night]),
        sql: (from) => `SELECT * FROM (${this.#sql(survey, kind, from)}) WHERE isfinite(ra) AND isfinite("dec")`,
      }),
    );
    this.#nights.delete(key);
    this.#nights.set(key, read);
    if (this.#nights.size > KEPT_NIGHTS) this.#nights.delete(this.#nights.keys().next().value!);
    return read;
  }

  #sql(name: string, kind: string, from: string): string {
    if (kind === "matches") return `SELECT ra::DOUBLE AS ra, "dec"::DOUBLE AS "dec", filter AS colour, object, alert::VARCHAR AS alert FROM ${from}`;
    const survey = this.#lake.surveys.named(name);
    const { schema } = this.#lake.table(name, kind)!.snapshot;
    const column = (paths: readonly string[] | undefined) => firstValueSql(schema, paths, undefined, survey.none) ?? "NULL";
    const type = kind === "science" ? classSql(survey, columnsOf(schema)) : null;
    return `SELECT ${column(survey.position?.ra)}::DOUBLE AS ra, ${column(survey.position?.dec)}::DOUBLE AS "dec", coalesce(${type ?? "NULL"}, 'Unclassified') AS colour,
      ${column(survey.object)}::VARCHAR AS object, ${column(survey.alert)}::VARCHAR AS alert FROM ${from}`;
  }
}

function nightOfColumns(version: number, columns: readonly DuckDBValue[][] | null): Night {
  const [ra, dec, colours, objects, alerts] = (columns ?? [[], [], [], [], []]) as [number[], number[], string[], (string | null)[], string[]];
  const counts = new Map<string, number>();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const names = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const index = new Map(names.map((name, i) => [name, i]));
  return {
    version,
    names,
    ra: Float64Array.from(ra),
    dec: Float64Array.from(dec),
    colour: Uint16Array.from(colours, (name) => index.get(name)!),
    ids: objects.map((object, i) => [object ?? "", alerts[i]] as const),
  };
}
