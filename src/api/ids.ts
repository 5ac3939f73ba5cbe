/** Ids as 64-bit integers; what is none of them is left out. */
export function longsOf(ids: Iterable<string>): bigint[] {
  const numbers = [...ids].filter((id) => /^-?\d{1,19}$/.test(id)).map(BigInt);
  return numbers.filter((id) => BigInt.asIntN(64, id) === id);
}
