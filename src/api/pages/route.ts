import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";

export const survey = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, { error: "give the name of a survey, such as ztf" })
  .openapi({ example: "ztf" });

/** An answer of a type that the pages know; to programs it is an object. */
export const shaped = <T>(name: string) => z.custom<T>().openapi(name, { type: "object" });
export const listed = <T>() =>
  z.custom<readonly T[]>().openapi({ type: "array", items: { type: "object" } });

export function get<P extends string>(path: P, operationId: string, summary: string) {
  return {
    method: "get" as const,
    path: `/api/pages/${path}` as const,
    operationId,
    summary,
    tags: ["pages"],
  };
}

export function missing(message: string): never {
  throw new HTTPException(404, { message });
}
