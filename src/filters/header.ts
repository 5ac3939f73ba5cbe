import { z } from "zod";
import { didYouMean } from "../config/nearest.ts";
import { FinkError } from "../errors.ts";

const list = z.string().transform((text) => text.split(/[\s,]+/).filter((word) => word !== ""));

/**
 * What may stand in the comment at the top of a filter, a `-- key: value` each; a line with more
 * blanks goes on with the one before.
 */
export const headerSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, "write lower case letters, digits and underscores")
    .optional()
    .describe("Name; by default that of the file"),
  survey: z.string().min(1).optional().describe("Survey; by default the name of the file's folder"),
  description: z.string().default("").describe("What it selects, for people"),
  origin: z.string().default("").describe("Paper, code or person it comes from"),
  owner: z
    .string()
    .default("")
    .describe("Who is told when it is switched off: an e-mail address or a target's name"),
  deliver: list.default([]).describe("Targets: kafka, and names of delivery.targets"),
  columns: list
    .optional()
    .describe("Columns to send, as dotted paths; by default those of the SELECT"),
  topic: z
    .string()
    .regex(/^[\w.-]{1,249}$/, "Kafka takes letters, digits, dot, - and _")
    .optional()
    .describe("Kafka topic; by default fink_<name>_<survey>"),
  quality: z
    .enum(["good", "all"])
    .default("good")
    .describe("good: only alerts that pass the quality cuts, where the survey has them"),
});

export type Header = z.output<typeof headerSchema>;

/**
 * Reads the comment lines before the statement. Other comments in it are passed over. Throws
 * "filter" for a key that there is not.
 */
export function readHeader(text: string): Header {
  return readHeaderAs(text, headerSchema);
}

/** The same for files with other keys. */
export function readHeaderAs<S extends z.ZodObject>(text: string, schema: S): z.output<S> {
  const given: Record<string, string> = {};
  let last = "";
  for (const line of text.split("\n")) {
    const comment = /^\s*--(.*)$/.exec(line)?.[1];
    if (comment === undefined && line.trim() !== "") break;
    const [, key, value] = /^ ?([a-z_]+):(?:\s+(.*))?$/.exec(comment ?? "") ?? [];
    if (key !== undefined) given[(last = key)] = (value ?? "").trim();
    else if (last !== "" && /^ {2,}\S/.test(comment ?? ""))
      given[last] = `${given[last]} ${comment?.trim()}`.trim();
    else last = "";
  }
  const keys = Object.keys(schema.shape);
  const unknown = Object.keys(given).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw new FinkError(
      "filter",
      `its header has no key ${unknown}${didYouMean(unknown, keys) || `; there are ${keys.join(", ")}`}`,
    );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FinkError("filter", `its header: ${issue.path.join(".")}: ${issue.message}`);
}
