import { icrsOfGalactic } from "./frames.ts";
import { degreesOfText } from "./sexagesimal.ts";

/** A circle on the sky: ICRS degrees. */
export interface Cone {
  readonly ra: number;
  readonly dec: number;
  readonly radiusArcsec: number;
}

/** ″ when nothing else is said. */
const arcsecOf: Readonly<Record<string, number>> = {
  "": 1,
  s: 1,
  '"': 1,
  "″": 1,
  arcsec: 1,
  m: 60,
  "'": 60,
  "′": 60,
  arcmin: 60,
  d: 3600,
  "°": 3600,
  deg: 3600,
};

const radiusPattern =
  /(?:[\s,;]+|\br(?:adius)?\s*[=:]\s*)(\d+(?:\.\d+)?)\s*(arcsec|arcmin|deg|s|m|d|"|″|'|′|°)?\s*$/;

/**
 * A position as people write it, perhaps with a radius (″; or `5m`, `5'`, `0.1d`) behind: `210.8
 * 54.3`, `14:03:12.5 +54:18:10, 5`, `14h03m12.5s +54d18m10s`, `J140312.5+541810`, `(210.8, 54.3)`,
 * `ra=210.8 dec=54.3`, `gal 120.5 -30`. Null for anything else.
 */
export function coneOfText(text: string, radiusArcsec: number): Cone | null {
  const trimmed = text
    .replace(/[−–]/g, "-")
    .replaceAll("''", '"')
    .replace(/^\s*\((.*?)\)/, "$1")
    .replace(/^\s*ra\s*[=:]\s*(.*?)[\s,;]+de(?:cl?)?\s*[=:]/i, "$1 ")
    .trim();
  const whole = positionOf(trimmed);
  if (whole) return { ...whole, radiusArcsec };
  const [found, size, unit = ""] = radiusPattern.exec(trimmed) ?? [];
  if (found === undefined) return null;
  const position = positionOf(trimmed.slice(0, -found.length).replace(/[\s,;]+$/, ""));
  return position && { ...position, radiusArcsec: Number(size) * arcsecOf[unit] };
}

function positionOf(text: string): { ra: number; dec: number } | null {
  const galactic = /^(?:gal(?:actic)?\b|l\s*=)\s*/i.exec(text);
  if (galactic) {
    const [l, b] = pairOf(text.slice(galactic[0].length).replace(/b\s*=/i, " "), false) ?? [];
    if (l === undefined || b === undefined) return null;
    const [ra, dec] = icrsOfGalactic(l, b);
    return { ra, dec };
  }
  const named = /^J?(\d\d)(\d\d)(\d\d(?:\.\d*)?)([+-])(\d\d)(\d\d)(\d\d(?:\.\d*)?)$/.exec(
    text.replace(/\s/g, ""),
  );
  const [ra, dec] =
    (named && /^J|\./.test(text)
      ? pairOf(
          text.replace(
            named[0],
            named.slice(1, 4).join(":") + " " + named[4] + named.slice(5).join(":"),
          ),
          true,
        )
      : pairOf(text, true)) ?? [];
  return ra === undefined || dec === undefined ? null : { ra, dec };
}

/** Two angles, split at the sign, at a comma or in the middle. */
function pairOf(text: string, isEquatorial: boolean): readonly [number, number] | null {
  const signed = /^(.*?[\dhdms°'"″′])[\s,;]*([+-].*)$/.exec(text);
  const words = text.split(/[\s,;]+/).filter((word) => word !== "");
  const halves = text.split(/\s*[,;]\s*/);
  const [a, b] = signed
    ? [signed[1], signed[2]]
    : halves.length === 2
      ? halves
      : [0, 1].map((half) =>
          words.slice((half * words.length) / 2, ((half + 1) * words.length) / 2).join(" "),
        );
  if (!signed && words.length % 2 === 1 && halves.length !== 2) return null;
  // a fraction, and then more: a radius
  if ([a, b].some((half) => /\.\d*[hdms°:'\s]+\d/.test(half))) return null;
  const [longitude, latitude] = [
    degreesOfText(a.replace(/[\s,;]+$/, ""), isEquatorial),
    degreesOfText(b, false),
  ];
  return longitude >= 0 && longitude <= 360 && Math.abs(latitude) <= 90
    ? [longitude % 360, latitude]
    : null;
}
