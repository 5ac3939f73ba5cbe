import { didYouMean } from "../config/nearest.ts";
import { astronomy } from "./astronomy.ts";
import { classes, measures, rubinBlocks } from "./building-blocks.ts";
import { entry, type FilterFunctionEntry } from "./function-entry.ts";

interface Known extends FilterFunctionEntry {
  readonly counts: readonly [least: number, most: number];
  /** Which arguments are functions. */
  readonly lambdas: readonly number[];
}

const numbers: readonly FilterFunctionEntry[] = [
  entry("abs(x)", "Absolute value"),
  entry("sign(x)", "-1, 0 or 1"),
  entry("sqrt(x)", "Square root; null below 0"),
  entry("power(x, y)", "x to the power of y"),
  entry("exp(x)", "e to the power of x"),
  entry("ln(x)", "Natural logarithm; null for 0 and below"),
  entry("log10(x)", "Decimal logarithm; null for 0 and below"),
  ...["sin(x)", "cos(x)", "tan(x)", "atan(x)"].map((signature) =>
    entry(signature, "Of an angle in radians, or giving one"),
  ),
  ...["asin(x)", "acos(x)"].map((signature) =>
    entry(signature, "In radians; null outside of -1 to 1"),
  ),
  entry("atan2(y, x)", "Angle of the point (x, y) in radians"),
  entry("radians(degrees)", "Degrees as radians"),
  entry("degrees(radians)", "Radians as degrees"),
  entry("floor(x)", "Next integer below"),
  entry("ceil(x)", "Next integer above"),
  entry("round(x, [digits])", "Rounded, halves away from 0"),
  entry("greatest(x, y, […])", "Largest that is not null; NaN is larger than all numbers"),
  entry("least(x, y, […])", "Smallest that is not null; NaN only where there is no number"),
  entry("isnan(x)", "Whether it is NaN"),
];

const values: readonly FilterFunctionEntry[] = [
  entry(
    "coalesce(x, […])",
    "First that has a value: not null, not NaN, and not what stands for none in its column",
  ),
  entry("nullif(x, y)", "x, or null where both are equal; two NaN are equal here"),
];

const texts: readonly FilterFunctionEntry[] = [
  entry("lower(text)", "In lower case"),
  entry("upper(text)", "In upper case"),
  entry("trim(text)", "Without spaces at its ends"),
  entry("length(text)", "Number of characters"),
  entry("substring(text, start, [length])", "Part of it; the first character is 1"),
  entry("startswith(text, start)", "Whether it starts so"),
  entry("endswith(text, end)", "Whether it ends so"),
  entry("contains(text, part)", "Whether the part is in it"),
];

const lists: readonly FilterFunctionEntry[] = [
  entry("size(list)", "Number of entries; null of a list that is null"),
  entry("element_at(list, n)", "Entry n, from 1; -1 is the last; null where there is none"),
  entry("filter(list, x -> …)", "The entries for which it is true"),
  entry("transform(list, x -> …)", "What the function gives for each entry"),
  entry(
    "aggregate(list, start, (sum, x) -> …)",
    "The entries taken together one after the other, from a start",
  ),
  entry("array(x, […])", "A list of these"),
  entry("array_contains(list, x)", "Whether x is in it"),
  entry("array_min(list)", "Smallest entry, as least; null without one"),
  entry("array_max(list)", "Largest entry; NaN is larger than all numbers"),
  entry("array_sum(list)", "Sum of the entries; null without one"),
  entry("array_mean(list)", "Mean of the entries"),
  entry("array_median(list)", "Median of the entries"),
  entry(
    "array_append(list, x)",
    "The list with x at its end, such as a history with the alert itself; a list that is null is empty",
  ),
  entry("array_sort(list)", "Numbers from the smallest on, then NaN, nulls last"),
  entry(
    "slope(xs, ys)",
    "Slope of the line through the points by least squares, of two lists of equal length; points with a null are left out; null of fewer than two",
  ),
];

const places: readonly FilterFunctionEntry[] = [
  entry(
    "on_watchlist('name')",
    "Whether the alert is within the radius of an entry of the watch list, or of one of its objects",
  ),
  entry("in_area('name')", "Whether the alert is within the area"),
];

export const functionGroups: Readonly<Record<string, readonly FilterFunctionEntry[]>> = {
  Astronomy: [...astronomy, ...measures],
  "Classes of catalogues": classes,
  "Building blocks of Rubin's filters": rubinBlocks,
  "Watch lists and areas": places,
  Numbers: numbers,
  "Values that may be missing": values,
  Texts: texts,
  Lists: lists,
};

/** Functions whose arguments are taken as they are, and operators with a function's form. */
const byName = new Map(
  Object.values(functionGroups)
    .flat()
    .map((one) => [one.name, known(one)]),
);
const operators = new Map(
  ["+", "-", "*", "/", "%", "||", "like", "not like"].map((name) => [
    name,
    {
      ...known(entry(`${name}(x, y)`, "")),
      counts: [name === "-" || name === "+" ? 1 : 2, 2] as const,
    },
  ]),
);

export function functionNamed(name: string): Known | undefined {
  return byName.get(name) ?? operators.get(name);
}

/**
 * What to write instead of functions that mean different things in different engines, or whose
 * answer is not the same twice.
 */
const instead: Readonly<Record<string, string>> = {
  log: "write log10(x) or ln(x): log is one in DuckDB and the other in Spark",
  log2: "write ln(x) / ln(2)",
  concat: "write a || b: concat treats null differently in DuckDB and Spark",
  div: "write floor(a / b)",
  len: "write size(list) or length(text)",
  list_filter: "write filter(list, x -> …)",
  list_transform: "write transform(list, x -> …)",
  list_contains: "write array_contains(list, x)",
  list_reduce: "write aggregate(list, start, (sum, x) -> …)",
  list_extract: "write element_at(list, n)",
  pi: "write 3.141592653589793, or radians(x)",
  median: "of a list write array_median(list)",
  unnest: "write filter, transform or aggregate of the list",
  explode: "write filter, transform or aggregate of the list",
  days: "write days_since(time)",
};
const groups: readonly (readonly [names: RegExp, advice: string])[] = [
  [
    /^(regexp|rlike|similar)/,
    "regular expressions differ between engines: write LIKE, contains, or a .ts filter",
  ],
  [
    /^(count|count_star|sum|avg|mean|min|max|stddev|var|any_value|first|last)/,
    "a filter looks at one alert at a time: of a list write size, array_sum, array_mean, array_min or array_max",
  ],
  [
    /^(now|current_|today|random|uuid|gen_random)/,
    "a filter has to give the same answer whenever it is run: write days_since(time), which counts to the alert's own time",
  ],
  [
    /^(read_|glob|parquet_|getenv|getvariable|pragma_|duckdb_|sniff_|query|from_)/,
    "filters read alerts and nothing else",
  ],
];

export function unknownFunction(name: string): string {
  const advice = instead[name] ?? groups.find(([names]) => names.test(name))?.[1];
  return advice === undefined
    ? `there is no function ${name} for filters${didYouMean(name, byName.keys()) || "; docs/reference/functions.md lists them"}`
    : `${name} is not accepted: ${advice}`;
}

function known(one: FilterFunctionEntry): Known {
  const optional = one.arguments.filter((argument) => argument.startsWith("[")).length;
  const isOpen = one.arguments.includes("[…]");
  const lambdas = one.arguments.flatMap((argument, i) => (argument.includes("->") ? [i] : []));
  return {
    ...one,
    counts: [one.arguments.length - optional, isOpen ? 100 : one.arguments.length],
    lambdas,
  };
}
