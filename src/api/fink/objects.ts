import { z } from "@hono/zod-openapi";
import type { Json } from "@duckdb/node-api";
import { ztfColours } from "./colours.ts";
import {
  commonArguments,
  flagArgument,
  idsArgument,
  shown,
  textArgument,
  WrongArgument,
} from "./arguments.ts";
import { answer } from "./formats.ts";
import { withHistory } from "./history.ts";
import { arrayOf, imageOf, type Kind, kinds, readImages } from "./images.ts";
import { isTruncated, lsst, ztf, ztfRates } from "./profile.ts";
import { mostRows, readObjects } from "./read.ts";
import { type FinkDeps, resource } from "./resource.ts";
import { at, type Table, withColumns } from "./table.ts";

const cutoutKind = z
  .enum(kinds, {
    error: (issue) => `\`cutout-kind\` = ${shown(issue.input)}: choose among ${kinds.join(", ")}\n`,
  })
  .optional();

export const ztfObjects = resource({
  name: "objects",
  survey: "ztf",
  summary: "All alerts of one or several objects, newest first",
  arguments: z.object({
    objectId: idsArgument("objectId").openapi({
      type: "string",
      description: "ZTF object, or several with commas between",
    }),
    withupperlim: flagArgument(),
    withcutouts: flagArgument(),
    "cutout-kind": cutoutKind,
    ...commonArguments,
  }),
  async answer(given, { context, deps, signal }) {
    const { objectId: ids, columns } = given;
    const computed = { ...ztf.computed, ...ztfRates };
    let table = await readObjects(deps, ids, { profile: ztf, columns, computed }, signal);
    if (!isTruncated(columns)) table = ztfColours(table);
    if (given.withupperlim) table = await withHistory(deps, table, ids, signal);
    if (given.withcutouts)
      table = await withImages(
        deps,
        table,
        given["cutout-kind"] ? [given["cutout-kind"]] : kinds,
        signal,
      );
    return answer(context, table, given["output-format"]);
  },
});

const lsstIds = idsArgument("diaObjectId").openapi({
  type: "string",
  description: "diaObjectId, or several with commas between",
});
const lsstArguments = z.object({
  diaObjectId: lsstIds,
  midpointMjdTai: textArgument().optional(),
  ...commonArguments,
});

export const lsstSources = resource({
  name: "sources",
  survey: "lsst",
  summary: "All alerts (diaSources) of one or several objects, newest first",
  arguments: lsstArguments,
  async answer(
    { diaObjectId: ids, midpointMjdTai, columns, "output-format": format },
    { context, deps, signal },
  ) {
    const at = midpointMjdTai === undefined ? undefined : checkedTime(midpointMjdTai, ids);
    const where = at === undefined ? undefined : `abs(_mjd - ${at}) < 1e-6`;
    return answer(
      context,
      await readObjects(deps, ids, { profile: lsst, columns, ...(where && { where }) }, signal),
      format,
    );
  },
});

export const lsstObjects = resource({
  name: "objects",
  survey: "lsst",
  summary: "Objects as they were at their last alert, one row each",
  part: "object",
  arguments: z.object({ diaObjectId: lsstIds, ...commonArguments }),
  async answer({ diaObjectId: ids, columns, "output-format": format }, { context, deps, signal }) {
    const tail =
      "QUALIFY row_number() OVER (PARTITION BY _object ORDER BY _mjd DESC, _alert DESC) = 1";
    return answer(
      context,
      await readObjects(deps, ids, { profile: lsst, part: "object", columns, tail }, signal),
      format,
    );
  },
});

/**
 * Forced photometry comes with each alert, of the months before it: each measurement once, newest
 * first.
 */
export const lsstForced = resource({
  name: "fp",
  survey: "lsst",
  summary: "Forced photometry of one or several objects",
  part: null,
  arguments: lsstArguments,
  async answer({ diaObjectId: ids, columns, "output-format": format }, { context, deps, signal }) {
    const alerts = await readObjects(
      deps,
      ids,
      {
        profile: lsst,
        columns: ["r:diaSourceId"],
        tail: `ORDER BY _mjd DESC, _alert DESC LIMIT ${mostRows}`,
      },
      signal,
    );
    const { forcedOf } = await import("./history.ts");
    return answer(
      context,
      await forcedOf(
        deps,
        alerts.rows.map(([id]) => id as bigint),
        columns,
        signal,
      ),
      format,
    );
  },
});

function checkedTime(text: string, ids: readonly string[]): number {
  const time = Number(text);
  if (text.trim() === "" || !Number.isFinite(time))
    throw new WrongArgument(`\`midpointMjdTai\` = ${JSON.stringify(text)}: give a number\n`);
  if (ids.length > 1) throw new WrongArgument("`midpointMjdTai` is for one `diaObjectId`\n");
  return time;
}

/** `b:cutout<Kind>_stampData` of each alert. */
export async function withImages(
  deps: FinkDeps,
  table: Table,
  wanted: readonly Kind[],
  signal: AbortSignal,
): Promise<Table> {
  const id = at(table, "i:candid");
  if (id < 0 || at(table, "i:objectId") < 0)
    throw new WrongArgument("With `withcutouts`, `columns` has to name 'i:objectId,i:candid'\n");
  const ids = table.rows.flatMap((row) =>
    typeof row[id] === "bigint" && row[id] > 0n ? [row[id]] : [],
  );
  if (ids.length > 500)
    throw new WrongArgument(
      `\`withcutouts\`: these are ${ids.length} alerts; ask for 500 at a time\n`,
    );
  const images = new Map<Kind, Map<bigint, Buffer>>();
  for (const kind of wanted)
    images.set(kind, await readImages(deps, deps.sources.survey("ztf"), ids, kind, signal));
  const added = wanted.map((kind) => ({
    name: `b:cutout${kind}_stampData`,
    kind: "list" as const,
  }));
  return withColumns(table, added, (row) =>
    wanted.map((kind) => {
      const file = images.get(kind)?.get(row[id] as bigint);
      const image = file && imageOf(file);
      return image ? (arrayOf(image) as Json[]) : null;
    }),
  );
}
