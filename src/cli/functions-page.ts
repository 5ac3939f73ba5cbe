import type { FilterFunctionEntry } from "../filters/function-entry.ts";
import { functionGroups } from "../filters/functions.ts";

const about = `What a [filter](../filters.md) may use besides columns, comparisons, \`AND\`, \`OR\`, \`NOT\`, \`IN\`, \`BETWEEN\`, \`LIKE\`, \`IS NULL\`, \`CASE\`, \`CAST(… AS DOUBLE)\`, \`+ - * / %\` and
\`||\`. All mean the same in DuckDB and Spark. What has no value is null: a division by 0, the root of a negative number, the logarithm of 0. Numbers with a decimal
point, and columns of 32 bits, are 64-bit floating point numbers. Positions and angles are degrees where nothing else is said.`;

/** docs/reference/functions.md. */
export function functionsPage(generated: string): string {
  const sections = Object.entries(functionGroups).map(
    ([group, entries]) => `## ${group}\n\n${entries.map(describe).join("\n")}`,
  );
  return `${[generated, "# Functions of filters", about, ...sections].join("\n\n")}\n`;
}

function describe({
  name,
  arguments: parameters,
  description,
  unit,
  source,
  formula,
}: FilterFunctionEntry): string {
  const more = [
    ...(unit === undefined ? [] : [`Unit: ${unit}.`]),
    ...(source === undefined ? [] : [`After ${source}.`]),
    ...(formula === undefined ? [] : [`\`${short(formula)}\``]),
  ];
  return `- \`${name}(${parameters.join(", ")})\`: ${[`${description}.`, ...more].join(" ")}`;
}

/** Lists of hundreds of names are not for this page. */
function short(formula: string): string {
  return formula.length > 400 ? `${formula.slice(0, 399)}…` : formula;
}
