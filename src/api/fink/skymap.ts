import { readFile } from "node:fs/promises";
import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { messageOf } from "../../errors.ts";
import { type Area, defaultLevel } from "../../filters/places/area.ts";
import { type ReadArea, readAreaInThread } from "../../filters/places/area-thread.ts";
import { Places } from "../../filters/places/places.ts";
import { nestedPixel } from "../../sky/healpix.ts";
import { taiOfUtc } from "../../sky/leap-seconds.ts";
import { jdMinusMjd, mjdOfMs } from "../../sky/time.ts";
import { cellOrder } from "../../serving/state.ts";
import { commonArguments, numberArgument, textArgument, WrongArgument } from "./arguments.ts";
import { dateCondition } from "./conesearch.ts";
import { askElsewhere } from "./elsewhere.ts";
import { answer } from "./formats.ts";
import type { Profile } from "./profile.ts";
import { mostRows, readAlerts } from "./read.ts";
import { type Asked, ofBoth } from "./resource.ts";
import { emptyTable } from "./table.ts";

/** Maps that are read at a time: each takes a core and up to some hundred MB. */
const mostReading = 2;
let reading = 0;

const days = (most: number, fallback: number) =>
  numberArgument()
    .refine((n) => n >= 0 && n <= most, { error: `give a number of days from 0 to ${most}` })
    .default(fallback);
const mapFile = () =>
  z
    .string(
      "give a FITS file, gzipped or not: as an upload, in base64 or as a literal of Python's bytes",
    )
    .optional();

const shape = {
  event_name: textArgument()
    .refine((name) => /^[A-Z]{1,3}\d{6}[A-Za-z0-9_]*$/.test(name), {
      error: "give the name of a superevent, such as S200219ac",
    })
    .optional()
    .openapi({ description: "Event whose map is fetched from GraceDB" }),
  file: mapFile().openapi({
    description:
      "Sky map: FITS, gzipped or not, as an upload, in base64 or as str(bytes) of Python",
  }),
  bayestar: mapFile().openapi({ description: "The same as `file`" }),
  area: textArgument()
    .optional()
    .openapi({ description: "A file of the folder of areas (filters.areas), by its name" }),
  credible_level: numberArgument()
    .refine((n) => n > 0 && n <= 1, { error: "give a number above 0 and up to 1" })
    .default(defaultLevel),
  n_day_before: days(7, 1),
  n_day_after: days(14, 6),
  ...commonArguments,
};
type Given = z.output<z.ZodObject<typeof shape>>;

export const skymaps = ofBoth({
  name: "skymap",
  summary:
    "Objects within a sky map that were first seen around its event, each at its latest alert until then",
  arguments: z.object(shape),
  answer: skymap,
});

async function skymap(profile: Profile, given: Given, asked: Asked): Promise<Response> {
  const { context, deps, signal } = asked;
  const { area, event } = await mapOf(given, asked);
  const zero = profile.survey === "ztf" || event === null ? event : taiOfUtc(event);
  const [startdate, stopdate] =
    zero === null ? [0, Infinity] : [zero - given.n_day_before, zero + given.n_day_after];
  const dated =
    zero === null
      ? "true"
      : `${await dateCondition(deps, profile, { startdate, stopdate })} AND _mjd <= ${stopdate}`;
  // two alerts can have one time
  const latest = ["_alert", "_ra", "_dec"].map((column) => `max_by(${column}, (_mjd, _alert))`);
  const sql = `SELECT ${latest.join(", ")} FROM {sources} WHERE ${dated} GROUP BY _object`;
  const known = (await deps.sources.columns(profile.survey)) !== null;
  const all = known
    ? await deps.sources.query(
        profile.survey,
        { places: null, sql },
        async (c, text) => (await c.run(text)).getRows(),
        signal,
      )
    : [];
  const inside = all
    .filter(([, ra, dec]) => area.contains(Number(ra ?? Number.NaN), Number(dec ?? Number.NaN)))
    .slice(0, mostRows);
  if (inside.length === 0) return answer(context, emptyTable, given["output-format"]);
  const cells = new Set(
    inside.map(([, ra, dec]) => nestedPixel(cellOrder, Number(ra), Number(dec))),
  );
  const alerts = {
    profile,
    places: await deps.sources.placesOfCells(profile.survey, [...cells]),
    where: `_alert IN (${inside.map(([id]) => String(id)).join(", ")})`,
    columns: given.columns,
    more: zero === null ? [] : [startOf(profile, zero)],
    tail: "ORDER BY _mjd DESC, _alert DESC",
  };
  return answer(context, await readAlerts(deps, alerts, signal), given["output-format"]);
}

function startOf({ survey }: Profile, event: number) {
  return survey === "ztf"
    ? { name: "v:jdstartgw", sql: `${event + jdMinusMjd}::DOUBLE` }
    : { name: "v:startgwMjdTai", sql: `${event}::DOUBLE` };
}

/** The region of the map, and when its event was, MJD (UTC); null: it does not say. */
async function mapOf(
  given: Given,
  asked: Asked,
): Promise<{ readonly area: Area; readonly event: number | null }> {
  const [name, ...others] = (["event_name", "file", "bayestar", "area"] as const).filter(
    (one) => given[one] !== undefined,
  );
  if (name === undefined)
    throw new WrongArgument("One of `file`, `event_name` and `area` is required. See /api/docs \n");
  if (others.length > 0)
    throw new WrongArgument(`\`${name}\` and \`${others[0]}\` are not for one request\n`);
  if (reading >= mostReading)
    throw new HTTPException(429, {
      message: "other sky maps are being read: try again in a moment",
    });
  reading++;
  try {
    const { area, observed } = await readAreaInThread(
      await bytesOfMap(name, given, asked),
      given.credible_level,
      asked.signal,
    );
    return { area, event: name === "area" ? null : timeOf(observed) };
  } catch (error) {
    if (error instanceof HTTPException || !(error instanceof Error)) throw error;
    throw new WrongArgument(`\`${name}\`: ${messageOf(error)}\n`);
  } finally {
    reading--;
  }
}

async function bytesOfMap(
  name: "event_name" | "file" | "bayestar" | "area",
  given: Given,
  asked: Asked,
): Promise<Buffer> {
  if (name === "event_name") return await mapOfEvent(given.event_name!, asked);
  if (name !== "area") return bytesOf(given[name]!);
  const file = new Places({ watchlists: "", areas: asked.deps.filters?.areas ?? "" }).file(
    "in_area",
    given.area!,
  );
  return await readFile(file);
}

/** Maps with several orders are a hundredth of the flat ones. */
async function mapOfEvent(name: string, { deps, signal }: Asked): Promise<Buffer> {
  for (const file of ["bayestar.multiorder.fits", "bayestar.fits.gz"]) {
    const found = await askElsewhere(
      deps,
      "GraceDB",
      `https://gracedb.ligo.org/api/superevents/${name}/files/${file}`,
      signal,
    );
    if (found) return found;
  }
  throw new HTTPException(404, { message: `GraceDB has no sky map of ${name}` });
}

function timeOf({ mjd, date }: ReadArea["observed"]): number | null {
  const days = Number(mjd ?? NaN);
  const found = Number.isFinite(days)
    ? days
    : mjdOfMs(Date.parse(`${date?.trim().replace(/Z$/, "")}Z`));
  return Number.isFinite(found) ? found : null;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\n": "",
};

/** base64, or what Python's `str()` makes of bytes: `b'\x1f\x8b…'`. */
function bytesOf(text: string): Buffer {
  const literal = /^b(['"])([\s\S]*)\1$/.exec(text.trim())?.[2];
  if (literal === undefined) {
    if (!/^[A-Za-z0-9+/_\-\s]+={0,2}\s*$/.test(text))
      throw new Error("it is neither a file, nor base64, nor a literal of Python's bytes");
    return Buffer.from(text, "base64");
  }
  const plain = literal.replace(
    /\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([\s\S]))/g,
    (_, hex: string, octal: string, other: string) => {
      if (other !== undefined) return escapes[other] ?? other;
      return String.fromCharCode(
        hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16),
      );
    },
  );
  return Buffer.from(plain, "latin1");
}
