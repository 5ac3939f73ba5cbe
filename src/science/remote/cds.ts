import type { Stored } from "./ledger.ts";

/** A table of the CDS X-match service, what is asked of it, and how far a source may be. */
export interface CdsTable {
  readonly table: string;
  readonly fields: readonly string[];
  readonly radiusArcsec: number;
}

/**
 * One request of the CDS X-match service (http://cdsxmatch.u-strasbg.fr/xmatch/doc/API-calls.html):
 * positions ("ra dec", degrees) go up as a CSV file, pairs of position and source come back as CSV.
 * Gives the nearest source of each, null where there is none. Throws for whatever is not the whole
 * of such an answer.
 */
export async function askCds(
  url: string,
  asked: CdsTable,
  places: readonly string[],
  signal: AbortSignal,
  fetching = fetch,
): Promise<Map<string, Stored>> {
  const lines = places.map((place, i) => `${place.replace(" ", ",")},p${i}`);
  const form = new FormData();
  const parameters = {
    request: "xmatch",
    distMaxArcsec: String(asked.radiusArcsec),
    selection: "all",
    RESPONSEFORMAT: "csv",
    cat2: asked.table,
    cols2: asked.fields.join(","),
    colRA1: "ra_in",
    colDec1: "dec_in",
  };
  for (const [name, value] of Object.entries(parameters)) form.set(name, value);
  form.set(
    "cat1",
    new Blob([`ra_in,dec_in,alert\n${lines.join("\n")}\n`], { type: "text/csv" }),
    "cat1.csv",
  );
  const response = await fetching(url, { method: "POST", body: form, signal });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return nearestOf(await response.text(), asked, places);
}

function nearestOf(
  text: string,
  { fields, radiusArcsec }: CdsTable,
  places: readonly string[],
): Map<string, Stored> {
  if (!text.endsWith("\n")) throw new Error("its answer ends within a line");
  const [header, ...rows] = csvRows(text);
  const names = header.map((name) => name.toLowerCase());
  const columns = ["angDist", "alert", ...fields].map((field) =>
    names.indexOf(field.toLowerCase()),
  );
  if (columns.includes(-1))
    throw new Error(
      `its answer has the columns ${header.join(", ").slice(0, 200)}, not angDist, alert, ${fields.join(", ")}`,
    );
  const nearest = new Map<string, { arcsec: number; values: Stored }>();
  for (const row of rows) {
    const [arcsec, place] = [
      Number(row[columns[0]] || Number.NaN),
      places[Number(/^p(\d+)$/.exec(row[columns[1]] ?? "")?.[1] ?? -1)],
    ];
    if (
      row.length !== header.length ||
      place === undefined ||
      !(arcsec >= 0 && arcsec <= 1.001 * radiusArcsec)
    )
      throw new Error(`a line of its answer is ${row.join(",").slice(0, 200)}`);
    const known = nearest.get(place);
    if (!known || arcsec < known.arcsec)
      nearest.set(place, {
        arcsec,
        values: columns.slice(2).map((column) => row[column].trim() || null),
      });
  }
  return new Map(places.map((place) => [place, nearest.get(place)?.values ?? null]));
}

/** RFC 4180: quotes around values, doubled within them. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g,
  )) {
    rows[rows.length - 1].push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "") break;
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.length > 1 || row[0] !== "");
}
