/** How far computed values agree with those of a reference. */
export interface Agreement {
  compared: number;
  equal: number;
  /** Within the tolerance, but not equal. */
  close: number;
  readonly differing: string[];
}

export function emptyAgreement(): Agreement {
  return { compared: 0, equal: 0, close: 0, differing: [] };
}

/** Booleans are found as 0 and 1; the reference writes NaN and infinities as text. */
export function countAgreement(
  agreement: Agreement,
  what: string,
  found: unknown,
  expected: unknown,
  tolerance = 1e-6,
): void {
  const wanted =
    typeof expected === "boolean" ||
    (typeof expected === "string" && /^(NaN|-?Infinity)$/.test(expected))
      ? Number(expected)
      : expected;
  agreement.compared++;
  if (Object.is(found, wanted) || found === wanted) agreement.equal++;
  else if (
    typeof found === "number" &&
    typeof wanted === "number" &&
    Math.abs(found - wanted) <= tolerance * Math.abs(wanted)
  )
    agreement.close++;
  else agreement.differing.push(`${what}: ${String(found)} is not ${String(wanted)}`);
}
