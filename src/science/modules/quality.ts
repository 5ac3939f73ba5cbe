import { createHash } from "node:crypto";
import { type Config, cutPattern } from "../../config/schema.ts";
import type { Alerts, ScienceModule } from "../module.ts";

/**
 * Flags by the key `science.qualityCuts`: conditions such as `candidate.rb >= 0.55` that an alert
 * of the survey has to meet all. Nothing is left out.
 */
export function qualityModules({
  qualityCuts,
}: Pick<Config["science"], "qualityCuts">): ScienceModule[] {
  return Object.entries(qualityCuts).map(([survey, texts]) => {
    const cuts = texts.map(cutOf);
    const all = cuts.map(({ column, sign, value }) => `${column} ${sign} ${value}`).join(", ");
    return {
      name: `quality_${survey}`,
      version: `1-${createHash("sha256").update(all).digest("hex").slice(0, 8)}`,
      surveys: [survey],
      about:
        "Quality cuts (key science.qualityCuts; those of ZTF are Fink's). A flag only: nothing is left out.",
      needs: [...new Set(cuts.map(({ column }) => column))],
      adds: [
        {
          name: "passes_quality_cuts",
          type: "boolean",
          unit: null,
          description: `${all}; false where one of them is null`,
        },
      ],
      run: (alerts) => ({ passes_quality_cuts: { values: passing(alerts, cuts) } }),
    };
  });
}

interface Cut {
  readonly column: string;
  readonly sign: keyof typeof meets;
  readonly value: number;
}

const meets = {
  "=": (a: number, b: number) => a === b,
  "!=": (a: number, b: number) => a !== b,
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
  ">": (a: number, b: number) => a > b,
  ">=": (a: number, b: number) => a >= b,
} as const;

function cutOf(text: string): Cut {
  const [, column, sign, value] = cutPattern.exec(text)!;
  return { column, sign: sign as Cut["sign"], value: Number(value) };
}

function passing(alerts: Alerts, cuts: readonly Cut[]): Uint8Array {
  const passes = new Uint8Array(alerts.count).fill(1);
  for (const { column, sign, value } of cuts) {
    const values = alerts.numbers(column);
    for (let i = 0; i < passes.length; i++)
      if (Number.isNaN(values[i]) || !meets[sign](values[i], value)) passes[i] = 0; // null is NaN
  }
  return passes;
}
