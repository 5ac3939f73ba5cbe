/**
 * Degrees of a text. `12.5` is degrees. `00 01 16.37`, `0:1:16.37` and `0h1m16.37s` are hours in a
 * right ascension and degrees in a declination; `187d30m` is degrees in both. 60 s, which
 * catalogues that round have, are the next minute. NaN for anything else.
 */
export function degreesOfText(text: string, isRightAscension: boolean): number {
  const [, sign, digits] = /^([+−-]?)\s*(\.?\d.*)$/.exec(text.trim()) ?? [];
  const parts = digits?.split(/[\s:hdms°'′"″]+/).filter((part) => part !== "") ?? [];
  const [whole, minutes = 0, seconds = 0] = parts.map(Number);
  if (parts.length < 1 || parts.length > 3 || minutes >= 60 || seconds > 60) return NaN;
  const value = whole + minutes / 60 + seconds / 3600;
  const isHours =
    isRightAscension && !/[d°]/.test(digits) && (parts.length > 1 || digits.includes("h"));
  return (sign === "-" || sign === "−" ? -1 : 1) * value * (isHours ? 15 : 1);
}
