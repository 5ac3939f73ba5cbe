import { join } from "node:path";
import { expect } from "vitest";
import type { Fidelity } from "../../src/cli/fidelity.ts";
import { project } from "../cli/run.ts";
import type { Agreement } from "./agreement.ts";

type About = Pick<Fidelity, "survey" | "module" | "columns"> &
  Partial<Pick<Fidelity, "tolerance" | "note">>;

export function fidelityOf(
  about: About,
  { compared, equal, close, differing }: Agreement,
): Fidelity {
  const { survey, module, columns, tolerance = 1e-6, note = "" } = about;
  return {
    survey,
    module,
    columns,
    compared,
    equal,
    within: close,
    differing: differing.length,
    tolerance,
    note,
  };
}

/**
 * Holds what a test found to `test/science/fidelity/<part>.json`, from which `./fink docs` makes
 * the page; `vitest -u` writes it anew.
 */
export async function expectFidelity(part: string, rows: readonly Fidelity[]): Promise<void> {
  await expect(
    `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`,
  ).toMatchFileSnapshot(join(project, "test/science/fidelity", `${part}.json`));
}
