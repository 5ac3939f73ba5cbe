import { at, type Cell, type Table, withColumns } from "./table.ts";

const [green, red] = [1, 2];
/** Days between two measurements that make a colour. */
const together = 0.3;

interface Point {
  readonly row: number;
  readonly jd: number;
  readonly magnitude: number;
  readonly error: number;
}

interface Colour {
  readonly jd: number;
  readonly value: number;
  readonly error: number;
  readonly rate: number | null;
  readonly rateError: number | null;
}

/**
 * Adds `v:g-r`, `v:sigma(g-r)`, `v:rate(g-r)`, `v:sigma(rate(g-r))`: of each g alert with the
 * nearest r alert of its object, given to every alert near it.
 */
export function ztfColours(table: Table): Table {
  const [object, jd, band, magnitude, error] = [
    "i:objectId",
    "i:jd",
    "i:fid",
    "i:magpsf",
    "i:sigmapsf",
  ].map((name) => at(table, name));
  if ([object, jd, band, magnitude, error].some((i) => i < 0)) return table;
  const rows = table.rows.map((row, i) => ({
    row: i,
    object: row[object],
    band: row[band],
    jd: Number(row[jd]),
    magnitude: Number(row[magnitude]),
    error: Number(row[error]),
  }));
  const byRow = new Map<number, Colour>();
  for (const all of Map.groupBy(rows, (r) => r.object).values()) {
    const ofBand = (wanted: number) =>
      all.filter((r) => r.band === wanted).sort((a, b) => a.jd - b.jd);
    for (const colour of coloursOf(ofBand(green), ofBand(red)))
      for (const r of all) if (Math.abs(r.jd - colour.jd) < together) byRow.set(r.row, colour);
  }
  const names = ["v:g-r", "v:sigma(g-r)", "v:rate(g-r)", "v:sigma(rate(g-r))"].map((name) => ({
    name,
    kind: "double" as const,
  }));
  return withColumns(table, names, (_, i): Cell[] => {
    const colour = byRow.get(i);
    return colour
      ? [colour.value, colour.error, colour.rate, colour.rateError]
      : [null, null, null, null];
  });
}

function coloursOf(greens: readonly Point[], reds: readonly Point[]): Colour[] {
  const colours: Colour[] = [];
  for (const g of greens) {
    const near = reds
      .filter((r) => Math.abs(r.jd - g.jd) < together)
      .sort((a, b) => Math.abs(a.jd - g.jd) - Math.abs(b.jd - g.jd))[0];
    if (!near) continue;
    const [value, error, last] = [
      g.magnitude - near.magnitude,
      Math.hypot(g.error, near.error),
      colours.at(-1),
    ];
    const days = last ? g.jd - last.jd : 0;
    const rate = last && days > 0 ? (value - last.value) / days : null;
    colours.push({
      jd: g.jd,
      value,
      error,
      rate,
      rateError: last && days > 0 ? Math.hypot(error, last.error) / days : null,
    });
  }
  return colours;
}
