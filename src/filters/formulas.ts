import type { Expression } from "./filter.ts";
import { functionGroups } from "./functions.ts";
import { parseCondition } from "./parse.ts";

export type Formulas = ReadonlyMap<
  string,
  { readonly parameters: readonly string[]; readonly body: Expression }
>;

let parsed: Promise<Formulas> | undefined;

/**
 * Our functions as expressions: they are put in where a filter uses them, so that no engine has to
 * know them.
 */
export function formulas(): Promise<Formulas> {
  return (parsed ??= parseAll());
}

async function parseAll(): Promise<Formulas> {
  const entries = Object.values(functionGroups)
    .flat()
    .flatMap(({ name, arguments: parameters, formula }) =>
      formula === undefined ? [] : [{ name, parameters, formula }],
    );
  return new Map(
    await Promise.all(
      entries.map(
        async ({ name, parameters, formula }) =>
          [name, { parameters, body: await parseCondition(formula) }] as const,
      ),
    ),
  );
}
