/** Degrees of a text: `12.5` is degrees; `00 01 16.37`, `0:1:16.37` and `0h1m16.37s` are hours in a right ascension, degrees in a declination. 60 s, which catalogues that round have, are the next minute. NaN for anything else. */
export function degreesOfText(text: string, isRightAscension: boolean): number {
  const [, sign, digits] = /^\s*([+−-]?)\s*(\d.*?)\s*$/.exec(text) ?? [];
  const parts = digits?.split(/[\s:hdms°'′"″]+/).filter((part) => part !== "") ?? [];
  const [whole, minutes = 0, seconds = 0] = parts.map(Number);
  if (parts.length < 1 || parts.length > 3 || minutes >= 60 || seconds > 60) return NaN;
  const value = whole + minutes / 60 + seconds / 3600;
  return (sign === "-" || sign === "−" ? -1 : 1) * value * (isRightAscension && parts.length > 1 ? 15 : 1);
}
