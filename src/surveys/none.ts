import type { Survey } from "./definition.ts";

/** A value that a survey writes where it has none. */
export type NoneValue = string | number;

/**
 * The values that stand for "none" in the field at a dotted path. Null and NaN do so in every
 * field.
 */
export function noneIn({ none }: Pick<Survey, "none">, path: string): readonly NoneValue[] {
  const wanted = path.toLowerCase();
  return none
    .filter(({ fields }) => fields.some((field) => field.toLowerCase() === wanted))
    .flatMap(({ values }) => values);
}

/**
 * True for a value that is no value: null, NaN, or one that the definition names for the field. Ids
 * of 64 bits may come as text.
 */
export function isNone(survey: Pick<Survey, "none">, path: string, value: unknown): boolean {
  if (value === null || value === undefined || Number.isNaN(value) || value === "NaN") return true;
  return noneIn(survey, path).some(
    (none) => none === value || (typeof none === "number" && String(value) === String(none)),
  );
}
