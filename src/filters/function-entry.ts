/**
 * A function that filters may use. The one table of them: checks, both engines and
 * docs/reference/functions.md come from here.
 */
export interface FilterFunctionEntry {
  readonly name: string;
  /** As in its documentation: `list, x -> …`; an argument in brackets may be left out. */
  readonly arguments: readonly string[];
  readonly description: string;
  readonly unit?: string;
  /** Paper, standard or system that it follows. */
  readonly source?: string;
  /** What it is in terms of the others, with its arguments' names; without it the engine has it. */
  readonly formula?: string;
}

type More = Pick<FilterFunctionEntry, "unit" | "source" | "formula">;

/** An entry from `name(arguments)`. */
export function entry(
  signature: string,
  description: string,
  more: More = {},
): FilterFunctionEntry {
  const [, name, list] = /^(.+?)\((.*)\)$/.exec(signature)!;
  return { name, arguments: list.split(/, (?![^(]*\))/), description, ...more };
}
