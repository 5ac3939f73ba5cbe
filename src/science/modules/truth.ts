/**
 * SQL's truth as numbers: 1 true, 0 false, 0.5 null, and NaN in a comparison is null. So a rule on
 * alerts that lack a field gives null exactly where Spark gives null. Single-precision fields are
 * compared as doubles, as Spark does with a literal.
 */
export type Truth = number;

export function below(a: number, b: number): Truth {
  return a < b ? 1 : a >= b ? 0 : 0.5;
}

export function atMost(a: number, b: number): Truth {
  return a <= b ? 1 : a > b ? 0 : 0.5;
}

export function above(a: number, b: number): Truth {
  return below(b, a);
}

export function equal(a: number, b: number): Truth {
  return a === b ? 1 : a !== a || b !== b ? 0.5 : 0;
}

export const and: (...truths: Truth[]) => Truth = Math.min;
export const or: (...truths: Truth[]) => Truth = Math.max;

export function not(a: Truth): Truth {
  return 1 - a;
}
