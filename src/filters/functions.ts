import { didYouMean } from "../config/nearest.ts";
import { astronomy } from "./astronomy.ts";
import { classes, measures, rubinBlocks } from "./building-blocks.ts";

/** A function that filters may use. The one table of them: checks, both engines and docs/reference/functions.md come from here. */
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

interface Known extends FilterFunctionEntry {
  readonly counts: readonly [least: number, most: number];
  /** Which arguments are functions. */
  readonly lambdas: readonly number[];
}

const plain = (name: string, args: string, description: string): FilterFunctionEntry => ({ name, arguments: args.split(/, (?![^(]*\))/), description });

const numbers: readonly FilterFunctionEntry[] = [
  plain("abs", "x", "Absolute value"),
  plain("sign", "x", "-1, 0 or 1"),
  plain("sqrt", "x", "Square root; null below 0"),
  plain("power", "x, y", "x to the power of y"),
  plain("exp", "x", "e to the power of x"),
  plain("ln", "x", "Natural logarithm; null for 0 and below"),
  plain("log10", "x", "Decimal logarithm; null for 0 and below"),
  ...["sin", "cos", "tan", "atan"].map((name) => plain(name, "x", "Of an angle in radians, or giving one")),
  ...["asin", "acos"].map((name) => plain(name, "x", "In radians; null outside of -1 to 1")),
  plain("atan2", "y, x", "Angle of the point (x, y) in radians"),
  plain("radians", "degrees", "Degrees as radians"),
  plain("degrees", "radians", "Radians as degrees"),
  plain("floor", "x", "Next integer below"),
  plain("ceil", "x", "Next integer above"),
  plain("round", "x, [digits]", "Rounded, halves away from 0"),
  plain("greatest", "x, y, […]", "Largest that is not null; NaN is larger than all numbers"),
  plain("least", "x, y, […]", "Smallest that is not null"),
  plain("isnan", "x", "Whether it is NaN"),
];

const values: readonly FilterFunctionEntry[] = [
  plain("coalesce", "x, […]", "First that is not null"),
  plain("nullif", "x, y", "x, or null where both are equal"),
];

const texts: readonly FilterFunctionEntry[] = [
  plain("lower", "text", "In lower case"),
  plain("upper", "text", "In upper case"),
  plain("trim", "text", "Without spaces at its ends"),
  plain("length", "text", "Number of characters"),
  plain("substring", "text, start, [length]", "Part of it; the first character is 1"),
  plain("startswith", "text, start", "Whether it starts so"),
  plain("endswith", "text, end", "Whether it ends so"),
  plain("contains", "text, part", "Whether the part is in it"),
];

const lists: readonly FilterFunctionEntry[] = [
  plain("size", "list", "Number of entries; null of a list that is null"),
  plain("element_at", "list, n", "Entry n, from 1; -1 is the last; null where there is none"),
  plain("filter", "list, x -> …", "The entries for which it is true"),
  plain("transform", "list, x -> …", "What the function gives for each entry"),
  plain("aggregate", "list, start, (sum, x) -> …", "The entries taken together one after the other, from a start"),
  plain("array", "x, […]", "A list of these"),
  plain("array_contains", "list, x", "Whether x is in it"),
  plain("array_min", "list", "Smallest entry; null without one"),
  plain("array_max", "list", "Largest entry"),
  plain("array_sum", "list", "Sum of the entries; null without one"),
  plain("array_mean", "list", "Mean of the entries"),
  plain("array_median", "list", "Median of the entries"),
  plain("array_append", "list, x", "The list with x at its end, such as a history with the alert itself; a list that is null is empty"),
  plain("array_sort", "list", "Numbers from the smallest on, nulls last"),
  plain(
    "slope",
    "xs, ys",
    "Slope of the line through the points by least squares, of two lists of equal length; points with a null are left out; null of fewer than two",
  ),
];

const places: readonly FilterFunctionEntry[] = [
  plain("on_watchlist", "'name'", "Whether the alert is within the radius of an entry of the watch list, or of one of its objects"),
  plain("in_area", "'name'", "Whether the alert is within the area"),
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
    .map((entry) => [entry.name, known(entry)]),
);
const operators = new Map(
  ["+", "-", "*", "/", "%", "||", "like", "not like"].map((name) => [
    name,
    { ...known(plain(name, "x, y", "")), counts: [name === "-" || name === "+" ? 1 : 2, 2] as const },
  ]),
);

export function functionNamed(name: string): Known | undefined {
  return byName.get(name) ?? operators.get(name);
}

/** What to write instead of functions that mean different things in different engines, or whose answer is not the same twice. */
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
  [/^(regexp|rlike|similar)/, "regular expressions differ between engines: write LIKE, contains, or a .ts filter"],
  [
    /^(count|count_star|sum|avg|mean|min|max|stddev|var|any_value|first|last)/,
    "a filter looks at one alert at a time: of a list write size, array_sum, array_mean, array_min or array_max",
  ],
  [
    /^(now|current_|today|random|uuid|gen_random)/,
    "a filter has to give the same answer whenever it is run: write days_since(time), which counts to the alert's own time",
  ],
  [/^(read_|glob|parquet_|getenv|getvariable|pragma_|duckdb_|sniff_|query|from_)/, "filters read alerts and nothing else"],
];

export function unknownFunction(name: string): string {
  const advice = instead[name] ?? groups.find(([names]) => names.test(name))?.[1];
  return advice === undefined
    ? `there is no function ${name} for filters${didYouMean(name, byName.keys()) || "; docs/reference/functions.md lists them"}`
    : `${name} is not accepted: ${advice}`;
}

function known(entry: FilterFunctionEntry): Known {
  const optional = entry.arguments.filter((argument) => argument.startsWith("[")).length;
  const isOpen = entry.arguments.includes("[…]");
  const lambdas = entry.arguments.flatMap((argument, i) => (argument.includes("->") ? [i] : []));
  return { ...entry, counts: [entry.arguments.length - optional, isOpen ? 100 : entry.arguments.length], lambdas };
}
