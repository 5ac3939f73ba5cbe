import { z } from "zod";
import { didYouMean } from "./nearest.ts";

type Issue = Parameters<NonNullable<ReturnType<typeof z.config>["customError"]>>[0];

/**
 * Replaces zod's words, such as "Invalid input: expected string, received undefined", with what to
 * write. Undefined keeps zod's words.
 */
function plainIssue(issue: Issue): string | undefined {
  if (issue.code === "invalid_type")
    return issue.input === undefined
      ? "a value is required"
      : `write ${words[issue.expected] ?? `a ${issue.expected}`}`;
  if (issue.code === "invalid_value") return `write ${issue.values.map(String).join(" or ")}`;
  if (issue.code === "unrecognized_keys") return `there is no ${issue.keys.join(", ")}`;
  if (issue.code === "too_small" && issue.origin === "string")
    return issue.minimum === 1 ? "it is empty" : `write at least ${issue.minimum} characters`;
  if (issue.code === "too_big" && issue.origin === "string")
    return `write at most ${issue.maximum} characters`;
  if (issue.code === "too_small" && isNumber(issue.origin))
    return `write a number ${issue.inclusive === false ? "above" : "from"} ${issue.minimum}${issue.inclusive === false ? "" : " on"}`;
  if (issue.code === "too_big" && isNumber(issue.origin))
    return `write a number ${issue.inclusive === false ? "below" : "up to"} ${issue.maximum}`;
  return undefined;
}

const words: Readonly<Record<string, string>> = {
  string: "a text",
  int: "a whole number",
  array: "a list",
  boolean: "true or false",
  object: "an object",
};

function isNumber(origin: string): boolean {
  return origin === "number" || origin === "int" || origin === "bigint";
}

z.config({ customError: plainIssue });

/** An object with these keys only. For another key, the error names the nearest of them. */
export function only<Shape extends z.ZodRawShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys
            .map(
              (key) =>
                `there is no ${key}${didYouMean(key, known) || (known.length > 0 ? `; there are ${known.join(", ")}` : "; this takes no arguments")}`,
            )
            .join("; ")
        : undefined,
  });
}
