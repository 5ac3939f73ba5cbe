import { z } from "@hono/zod-openapi";
import { only } from "../../config/plain-issues.ts";
import type { Json } from "@duckdb/node-api";
import { messageOf } from "../../errors.ts";
import { type Account, accountOf } from "../../account/account.ts";
import { listOf, lists } from "../../account/lists.ts";
import { tablesIn } from "../../lake/tables.ts";
import { hasRun } from "../../services/run-state.ts";
import { type Api, type ApiDeps, jsonRoute } from "../api.ts";
import type { PageLake } from "./lake.ts";

const tags = ["account"];
const survey = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, { error: "give the name of a survey, such as ztf" });
const night = z.coerce
  .number({ error: "give a night as YYYYMMDD; 0: all" })
  .int()
  .min(0)
  .max(22001231);

const whole = jsonRoute(
  {
    method: "get",
    path: "/api/v1/account",
    operationId: "account",
    summary: "Where every alert is: received, archived, enriched, matched; and which one is not",
    tags,
  },
  z.custom<Account>().openapi("Account", { type: "object" }),
);

const list = jsonRoute(
  {
    method: "get",
    path: "/api/v1/account/{survey}/{night}/{list}",
    operationId: "accountList",
    summary: "The first 1,000 alerts behind a number of the account",
    tags,
    request: {
      params: z.object({ survey, night, list: z.enum(lists) }),
      query: only({
        source: z
          .string()
          .max(1000)
          .optional()
          .describe("Only of this topic or file, as the account names it"),
      }),
    },
  },
  z
    .array(z.record(z.string(), z.custom<Json>()))
    .openapi({ type: "array", items: { type: "object" } }),
);

export function addAccount(app: Api, { pageLake: lake }: ApiDeps): void {
  if (!lake) return;
  const account = keptAccount(lake);
  app.openapi(whole, async (c) => c.json(await account(), 200));
  app.openapi(list, async (c) => {
    const asked = c.req.valid("param");
    const isThere = lake.surveyNames().includes(asked.survey) || asked.list === "rejected";
    return c.json(
      isThere
        ? await listOf(lake.path, lake.surveys.named(asked.survey), {
            ...asked,
            ...c.req.valid("query"),
          })
        : [],
      200,
    );
  });
}

/** The account is counted anew when a table changed, by one of those who ask at a time. */
function keptAccount(lake: PageLake): () => Promise<Account> {
  let known: { readonly versions: string; readonly account: Promise<Account> } | undefined;
  return () => {
    const scienceRan = hasRun(lake.path, "science");
    const tables = tablesIn(lake.path).map(({ survey: name, kind }) => [
      name,
      kind,
      versionOf(lake, name, kind),
    ]);
    const versions = JSON.stringify([scienceRan, tables]);
    if (known?.versions !== versions) {
      const account = accountOf(lake.path, lake.surveys, { scienceRan });
      known = { versions, account };
      account.catch(() => (known = undefined));
    }
    return known.account;
  };
}

/** A table that cannot be read counts as long as it cannot. */
function versionOf(lake: PageLake, survey: string, kind: string): number | string | undefined {
  try {
    return lake.table(survey, kind)?.snapshot.version;
  } catch (error) {
    return messageOf(error);
  }
}
