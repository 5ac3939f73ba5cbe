import type { Json } from "@duckdb/node-api";
import { columnPath, pathSql } from "../../lake/scan.ts";
import { separation } from "../../sky/angle.ts";
import { nestedPixel } from "../../sky/healpix.ts";
import { classSql, number, text } from "./alerts.ts";
import { ofNights, type PageLake, type Row } from "./lake.ts";
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
      const of = pixels.get(pixel) ?? new Map<number, number>();
      of.set(colour, (of.get(colour) ?? 0) + 1);
      pixels.set(pixel, of);
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
    const read = columnsOf(version, await this.#lake.rows({ survey, kind, files: ofNights([night]), sql: (from) => this.#sql(survey, kind, from) }));
    this.#nights.delete(key);
    this.#nights.set(key, read);
    if (this.#nights.size > KEPT_NIGHTS) this.#nights.delete(this.#nights.keys().next().value!);
    return read;
  }

  #sql(name: string, kind: string, from: string): string {
    if (kind === "matches") return `SELECT ra, "dec", filter AS colour, object, alert::VARCHAR AS alert FROM ${from}`;
    const survey = this.#lake.surveys.named(name);
    const { schema } = this.#lake.table(name, kind)!.snapshot;
    const column = (paths: readonly string[] | undefined) => {
      const path = columnPath(schema, paths);
      return path === undefined ? "NULL" : pathSql(path);
    };
    const type = kind === "science" ? classSql(survey, schema) : null;
    return `SELECT ${column(survey.position?.ra)}::DOUBLE AS ra, ${column(survey.position?.dec)}::DOUBLE AS "dec", coalesce(${type ?? "NULL"}, 'Unclassified') AS colour,
      ${column(survey.object)}::VARCHAR AS object, ${column(survey.alert)}::VARCHAR AS alert FROM ${from}`;
  }
}

function columnsOf(version: number, rows: readonly Row[]): Night {
  const placed = rows.filter((row) => number(row["ra"]) !== null && number(row["dec"]) !== null);
  const count = Map.groupBy(placed, (row) => String(row["colour"]));
  const names = [...count].sort((a, b) => b[1].length - a[1].length).map(([name]) => name);
  const index = new Map(names.map((name, i) => [name, i]));
  const column = (name: string) => Float64Array.from(placed, (row) => row[name] as number);
  const id = (value: Json | undefined) => text(value) ?? "";
  return {
    version,
    names,
    ra: column("ra"),
    dec: column("dec"),
    colour: Uint16Array.from(placed, (row) => index.get(String(row["colour"]))!),
    ids: placed.map((row) => [id(row["object"]), id(row["alert"])] as const),
  };
}
