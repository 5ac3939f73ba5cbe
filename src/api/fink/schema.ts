import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { modules } from "../../science/modules.ts";
import { textArgument } from "./arguments.ts";
import { kinds } from "./images.ts";
import { lsst, namedColumns, ztf, ztfRates } from "./profile.ts";
import { type FinkDeps, resource } from "./resource.ts";
import { tableOf } from "./table.ts";

interface Entry {
  readonly type: string;
  readonly doc: string;
}

export const ztfSchema = resource({
  name: "schema",
  survey: "ztf",
  summary: "The columns of alerts",
  bare: true,
  arguments: z.object({}),
  async answer(_, { context, deps, signal }) {
    const colours = ["v:g-r", "v:sigma(g-r)", "v:rate(g-r)", "v:sigma(rate(g-r))"].map(
      (name) => [name, { type: "double", doc: "Colour of alerts within 0.3 days" }] as const,
    );
    const all = await entries(deps, "ztf", { ...ztf.computed, ...ztfRates }, signal);
    const group = (prefix: string) =>
      Object.fromEntries(
        [...all]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, entry]) => [name.slice(prefix.length), entry]),
      );
    return context.json({
      "ZTF original fields (i:)": group("i:"),
      "ZTF original cutouts (b:)": Object.fromEntries(
        kinds.map((kind) => [`cutout${kind}_stampData`, { type: "array", doc: "2D image" }]),
      ),
      "Fink science module outputs (d:)": group("d:"),
      "Fink added values (v:)": {
        ...group("v:"),
        ...Object.fromEntries(colours.map(([name, entry]) => [name.slice(2), entry])),
        separation_degree: { type: "double", doc: "Of a cone search: degrees from its centre" },
      },
    });
  },
});

const endpoints = [
  "sources",
  "fp",
  "objects",
  "conesearch",
  "cutouts",
  "sso",
  "tags",
  "statistics",
].map((name) => `/api/v1/${name}`);

export const lsstSchema = resource({
  name: "schema",
  survey: "lsst",
  summary: "The columns that an endpoint gives",
  arguments: z.object({
    endpoint: textArgument(),
    major_version: textArgument().optional(),
    minor_version: textArgument().optional(),
  }),
  async answer({ endpoint }, { context, deps, signal }) {
    if (!endpoints.includes(endpoint))
      throw new HTTPException(404, { message: `${endpoint} is not a valid endpoint` });
    const all = await entries(
      deps,
      "lsst",
      {},
      signal,
      endpoint.endsWith("/objects") ? "object" : "source",
    );
    const group = (prefix: string) =>
      Object.fromEntries(
        [...all]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, entry]) => [name.slice(prefix.length), entry]),
      );
    return context.json({
      "Rubin original fields (r:)": group("r:"),
      "Fink science module outputs (f:)": group("f:"),
    });
  },
});

async function entries(
  deps: FinkDeps,
  survey: "ztf" | "lsst",
  computed: Readonly<Record<string, string>>,
  signal: AbortSignal,
  part: "source" | "object" = "source",
): Promise<Map<string, Entry>> {
  const profile = survey === "ztf" ? ztf : lsst;
  const columns = await namedColumns(deps.sources, profile, part, computed);
  if (columns.length === 0) return new Map();
  const docs = new Map(
    modules.flatMap((m) =>
      m.adds.map(
        ({ name, description, unit }) =>
          [name.replaceAll(".", "_"), `${description}${unit === null ? "" : `, ${unit}`}`] as const,
      ),
    ),
  );
  const list = columns.map(({ name, sql }) => `${sql} AS "${name}"`).join(", ");
  const { columns: typed } = await deps.sources.query(
    survey,
    { places: [], where: "false", sql: `SELECT ${list} FROM {sources}` },
    tableOf,
    signal,
  );
  return new Map(
    typed.map(({ name, kind }) => [
      name,
      { type: kind === "text" ? "string" : kind, doc: docs.get(name.slice(2)) ?? "" },
    ]),
  );
}
