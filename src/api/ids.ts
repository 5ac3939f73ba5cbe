/**
 * Text of an id that came as text or as a number of a JSON body; what else came is left as it is. A
 * number that was rounded on its way here is none.
 */
export function idText(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && (Number.isSafeInteger(value) || !Number.isInteger(value))
    ? String(value)
    : value;
}
