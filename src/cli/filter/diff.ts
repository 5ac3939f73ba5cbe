import { FinkError } from "../../errors.ts";
import { compile } from "../../filters/compile.ts";
import type { Filter } from "../../filters/filter.ts";
import type { CommandContext } from "../command.ts";
import { surveyOf } from "./context.ts";
import { withLab } from "./lab.ts";

/** Shows what one filter, or version of it, selects and another does not. */
export async function diff(
  context: CommandContext,
  before: Filter,
  after: Filter,
  nights: number,
): Promise<void> {
  const result = await withLab(context, surveyOf(context, after), { nights }, async (lab) => {
    const both = [before, after].map((filter) =>
      compile(filter, lab.columns, lab.engine.connection, true),
    );
    const compiled = await Promise.all(both);
    const [gained, lost]: string[][] = [[], []];
    let kept = 0;
    for (const night of lab.nights) {
      await lab.run(night, compiled, async ({ keys, outcomes }) => {
        const [old, now] = outcomes.map((outcome, i) => {
          if ("failure" in outcome)
            throw new FinkError("filter", `${compiled[i].filter.file}: ${outcome.failure}`);
          return new Set(outcome.rows);
        });
        const ids = (rows: ReadonlySet<number>) => [...rows].map((row) => String(keys[row].alert));
        gained.push(...ids(now.difference(old)));
        lost.push(...ids(old.difference(now)));
        kept += now.intersection(old).size;
      });
    }
    return { origin: lab.origin, kept, gained, lost };
  });
  if (context.json) return context.print(JSON.stringify(result, null, 1));
  context.print(
    `on ${result.origin}: both select ${result.kept}; ${after.name} gains ${result.gained.length} and loses ${result.lost.length}`,
  );
  for (const [sign, ids] of [
    ["+", result.gained],
    ["-", result.lost],
  ] as const)
    for (const id of ids.slice(0, 20)) context.print(`${sign} ${id}`);
}
