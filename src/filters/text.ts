import type { Call, Expression } from "./filter.ts";

/**
 * An expression as a user would write it, on one line; by its name where the filter gives it one.
 */
export function textOf(expression: Expression): string {
  if (expression.as !== undefined) return expression.as;
  switch (expression.kind) {
    case "column":
      return expression.path.join(".");
    case "constant":
      return typeof expression.value === "string"
        ? `'${expression.value.replaceAll("'", "''")}'`
        : String(expression.value);
    case "field":
      return `${textOf(expression.of)}.${expression.name}`;
    case "lambda":
      return `${expression.parameters.length === 1 ? expression.parameters[0] : `(${expression.parameters.join(", ")})`} -> ${textOf(expression.body)}`;
    case "call":
      return callText(expression);
  }
}

const binding: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  not: 3,
  "+": 5,
  "-": 5,
  "||": 5,
  "*": 6,
  "/": 6,
  "%": 6,
};
const comparing = /^(=|<>|<=?|>=?|(not )?like|(not )?in|between|is .*)$/;

function strength({ name }: Call): number {
  return binding[name] ?? (comparing.test(name) ? 4 : 9);
}

function callText(expression: Call): string {
  const { name, args } = expression;
  const own = strength(expression);
  const inner = (arg: Expression, more = 0): string =>
    arg.kind === "call" && arg.as === undefined && strength(arg) < own + more
      ? `(${textOf(arg)})`
      : textOf(arg);
  if (name === "case") return caseText(args);
  if (name === "not") return `NOT ${inner(args[0])}`;
  if (/^is (not )?null$/.test(name)) return `${inner(args[0], 1)} ${name.toUpperCase()}`;
  if (name === "between")
    return `${inner(args[0], 1)} BETWEEN ${inner(args[1], 1)} AND ${inner(args[2], 1)}`;
  if (/^(not )?in$/.test(name))
    return `${inner(args[0], 1)} ${name.toUpperCase()} (${args.slice(1).map(textOf).join(", ")})`;
  const [, cast, type] = /^(try_cast|cast) (\w+)$/.exec(name) ?? [];
  if (cast !== undefined) return `${cast}(${textOf(args[0])} AS ${type})`;
  if (own === 9) return `${name}(${args.map(textOf).join(", ")})`;
  if (args.length === 1) return `${name}${inner(args[0], 1)}`;
  return args.map((arg, i) => inner(arg, i > 0 && own > 3 ? 1 : 0)).join(` ${name.toUpperCase()} `);
}

function caseText(args: readonly Expression[]): string {
  let text = "CASE";
  for (let i = 0; i + 1 < args.length; i += 2)
    text += ` WHEN ${textOf(args[i])} THEN ${textOf(args[i + 1])}`;
  return `${text} ELSE ${textOf(args[args.length - 1])} END`;
}
