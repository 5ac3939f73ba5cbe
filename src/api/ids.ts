/** Text of an id that came as text or as a number of a JSON body; what else came is left as it is. A number that was rounded on its way here is none. */
export function idText(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && (Number.isSafeInteger(value) || !Number.isInteger(value)) ? String(value) : value;
}

/** Ids as 64-bit integers; what is none of them is left out. */
export function longsOf(ids: Iterable<string>): bigint[] {
  const numbers = [...ids].filter((id) => /^-?\d{1,19}$/.test(id)).map(BigInt);
  return numbers.filter((id) => BigInt.asIntN(64, id) === id);
}
