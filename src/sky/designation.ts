import { FinkError } from "../errors.ts";

/**
 * "2014 RU77" → "K14R77U" (minorplanetcenter.net/iau/info/PackedDes.html); cycles above 619, as
 * 2022 and later may have, begin with an underscore.
 */
export function packedDesignation(designation: string): string {
  const [, year, half, second, cycle] = /^(\d{4}) ([A-Y])([A-Z])(\d*)$/.exec(designation) ?? [];
  if (!year)
    throw new FinkError(
      "usage",
      `"${designation}" is not a provisional designation such as "2014 RU77"`,
    );
  const number = Number(cycle);
  if (number < 620)
    return `${digits[Number(year.slice(0, 2))]}${year.slice(2)}${half}${digits[Math.floor(number / 10)]}${number % 10}${second}`;
  let rest = (number - 620) * 25 + halfMonthLetters.indexOf(second);
  let packed = "";
  for (let i = 0; i < 4; i++, rest = Math.floor(rest / 62)) packed = digits[rest % 62] + packed;
  return `_${digits[Number(year.slice(2))]}${half}${packed}`;
}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const halfMonthLetters = "ABCDEFGHJKLMNOPQRSTUVWXYZ";

/** "2014 RU77" of "K14R77U"; null of what is no packed provisional designation. */
export function unpackedDesignation(packed: string): string | null {
  const [, century, year, half, tens, ones, second] =
    /^([I-L])(\d{2})([A-HJ-Y])([0-9A-Za-z])(\d)([A-HJ-Z])$/.exec(packed) ?? [];
  if (century) {
    const cycle = 10 * digits.indexOf(tens) + Number(ones);
    return `${digits.indexOf(century)}${year} ${half}${second}${cycle || ""}`;
  }
  const [, ownYear, ownHalf, rest] =
    /^_([0-9A-Za-z])([A-HJ-Y])([0-9A-Za-z]{4})$/.exec(packed) ?? [];
  if (!ownYear) return null;
  const order = [...rest].reduce((sum, digit) => 62 * sum + digits.indexOf(digit), 0);
  return `20${String(digits.indexOf(ownYear)).padStart(2, "0")} ${ownHalf}${halfMonthLetters[order % 25]}${620 + Math.floor(order / 25)}`;
}

/**
 * How surveys write a provisional designation: as it is, without its blank, and packed as the Minor
 * Planet Center has it; none of what is no such designation.
 */
export function spellings(name: string): string[] {
  const [, year, rest] = /^(\d{4}) ?([A-Z]{2}\d*)$/.exec(name.toUpperCase()) ?? [];
  return year === undefined
    ? []
    : [`${year} ${rest}`, `${year}${rest}`, packedDesignation(`${year} ${rest}`)];
}
