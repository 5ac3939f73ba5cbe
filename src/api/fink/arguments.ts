import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { didYouMean } from "../../config/nearest.ts";
import { exactJson } from "../../lake/exact-json.ts";
import { degreesOfText } from "../../sky/sexagesimal.ts";
import { jdMinusMjd, mjdOfMs } from "../../sky/time.ts";
import { idText } from "../ids.ts";
import { outputFormats } from "./formats.ts";

// Values of a query are text, those of a JSON body what JSON has: both mean the same.

/** What a request is answered with when its arguments are wrong: 400, `{status: "error", text}`. */
export class WrongArgument extends Error {}

/**
 * The arguments of GET and POST: those of the query, if there is one; else those of the JSON body.
 */
export async function argumentsOf(context: Context): Promise<Record<string, unknown>> {
  const query = context.req.query();
  if (Object.keys(query).length > 0 || context.req.method === "GET") return query;
  if (context.req.header("Content-Type")?.startsWith("multipart/form-data"))
    return await formOf(context);
  const text = await context.req.text();
  if (text.trim() === "") return {};
  try {
    const body = exactJson(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body))
      return body as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new WrongArgument("The body is not a JSON object of arguments\n");
}

/** Fields of an upload; a file is base64. */
async function formOf(context: Context): Promise<Record<string, unknown>> {
  try {
    const fields = Object.entries(await context.req.parseBody());
    const values = fields.map(async ([name, value]) => [
      name,
      value instanceof File ? Buffer.from(await value.arrayBuffer()).toString("base64") : value,
    ]);
    return Object.fromEntries(await Promise.all(values)) as Record<string, unknown>;
  } catch {
    throw new WrongArgument("The body is not a form of fields and files\n");
  }
}

/**
 * The arguments in the schema's types. Throws WrongArgument with the name of the first that does
 * not fit, or that the schema does not have.
 */
export function checked<S extends z.ZodObject>(
  schema: S,
  given: Record<string, unknown>,
): z.output<S> {
  const names = Object.keys(schema.shape);
  const unknown =
    schema.def.catchall === undefined
      ? Object.keys(given).find((name) => !names.includes(name))
      : undefined;
  if (unknown !== undefined) {
    throw new WrongArgument(
      `There is no argument \`${unknown}\`${didYouMean(unknown, names) || `; there are ${names.join(", ")}`}\n`,
    );
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const name = path.join(".");
  if (given[name] === undefined || given[name] === null)
    throw new WrongArgument(`A value for \`${name}\` is required. See /api/docs \n`);
  throw new WrongArgument(
    message.includes("`") ? message : `\`${name}\` = ${shown(given[name])}: ${message}\n`,
  );
}

/** A value in a message: what was written. */
export function shown(value: unknown): string {
  return typeof value === "bigint"
    ? String(value)
    : JSON.stringify(value, (_, inner: unknown) =>
        typeof inner === "bigint" ? String(inner) : inner,
      );
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.bigint()]).transform(String);

/**
 * Any text; ids are accepted as numbers, too, with all their digits. Control characters are not.
 */
export const textArgument = () =>
  z.preprocess(
    (v) => (typeof v === "boolean" ? String(v) : idText(v)),
    z
      .string({
        error: ({ input }) =>
          typeof input === "number"
            ? "the number has lost digits: give all of them, or give it as text"
            : "give a text",
      })
      .max(10_000)
      // no .regex: OpenAPI cannot say \P{Cc}, and readers of it give up the whole route
      .refine((text) => !/\p{Cc}/u.test(text), "control characters are not accepted"),
  );

/** A comma-separated list. */
export const listArgument = () =>
  textArgument().transform((text) =>
    text
      .split(",")
      .map((t) => t.trim())
      .filter((t) => t !== ""),
  );

/** Ids, at least one. */
export const idsArgument = (name: string) =>
  listArgument().refine((ids) => ids.length > 0, {
    error: `A value for \`${name}\` is required. See /api/docs \n`,
  });

export const flagArgument = () =>
  z
    .preprocess(
      (v) => (/^(true|false)$/i.test(String(v)) ? String(v).toLowerCase() === "true" : v),
      z.boolean("give true or false"),
    )
    .default(false)
    .openapi({ type: "boolean" });

export const countArgument = (fallback: number, most = 100_000) =>
  z
    .preprocess(
      (v) => (typeof v === "string" && v.trim() !== "" ? Number(v) : v),
      z
        .number("give a whole number")
        .int("give a whole number")
        .min(1, "give a whole number from 1 on")
        .max(most, `not more than ${most}`),
    )
    .default(fallback)
    .openapi({ type: "integer" });

export const numberArgument = () =>
  z
    .preprocess(
      (v) => (typeof v === "string" && v.trim() !== "" ? Number(v) : v),
      z.number("give a number"),
    )
    .openapi({ type: "number" });

/** A position's angle in any usual notation. */
export const angleArgument = (axis: "ra" | "dec") =>
  scalar
    .transform((text, context) => {
      const degrees = degreesOfText(
        text.replaceAll("d", "d "),
        axis === "ra" && !text.includes("d"),
      );
      if (
        Number.isFinite(degrees) &&
        (axis === "ra" ? degrees >= 0 && degrees <= 360 : Math.abs(degrees) <= 90)
      )
        return degrees;
      context.addIssue(
        `give ${axis} in degrees (${axis === "ra" ? "0 to 360), or as 12h55m17s or 12:55:17" : "-90 to 90), or as 10d12m30s or 10:12:30"}`,
      );
      return z.NEVER;
    })
    .openapi({ type: "string", description: "Degrees, or sexagesimal" });

/** ISO, JD or MJD → MJD (UTC). */
export const dateArgument = () =>
  scalar
    .transform((text, context) => {
      const number = Number(text);
      const iso = /^\d{4}-\d{2}-\d{2}[ T]?[\d:.]*Z?$/.test(text)
        ? Date.parse(`${text.replace(" ", "T").replace(/Z$/, "")}${text.length > 10 ? "Z" : ""}`)
        : NaN;
      const mjd =
        text.trim() !== "" && Number.isFinite(number)
          ? number >= 2_400_000
            ? number - jdMinusMjd
            : number
          : mjdOfMs(iso);
      if (Number.isFinite(mjd)) return mjd;
      context.addIssue("give a date such as 2026-01-31 or 2026-01-31 12:30:00, or a Julian date");
      return z.NEVER;
    })
    .openapi({ type: "string", description: "ISO 8601, JD or MJD" });

export const commonArguments = {
  columns: listArgument()
    .optional()
    .openapi({ type: "string", description: "Comma-separated; all by default" }),
  "output-format": z
    .enum(outputFormats, {
      error: (issue) =>
        `Output format \`${String(issue.input)}\` is not supported. Choose among json, csv, votable, or parquet\n`,
    })
    .default("json"),
};
