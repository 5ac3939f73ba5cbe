import { resolve } from "node:path";
import { makeVector, type Vector } from "apache-arrow";
import { z } from "zod";
import { surveysOf } from "../../archive/setup.ts";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import { columnAt } from "../../lake/column.ts";
import type { AlertColumns } from "../../science/alerts.ts";
import { missingColumn } from "../../science/missing.ts";
import type { ScienceModule, ScienceSetup } from "../../science/module.ts";
import { withMakers } from "../../science/order.ts";
import { type AlertFile, openAlertFile } from "../../science/parquet.ts";
import { knownModules, loadModule } from "../../science/registry.ts";
import { type ModuleRecord, moduleRecords } from "../../science/report.ts";
import { remoteTroubles } from "../../science/remote/ledger.ts";
import { missingNeed, type Results, runModules } from "../../science/runner.ts";
import { type SurveyName, telescopes } from "../../simulator/survey/telescope.ts";
import { pathsOfSurvey, type Survey } from "../../surveys/definition.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { diffNight, runNights } from "../science/night.ts";
import { table } from "../table.ts";

const flags = z.object({
  on: z
    .string()
    .optional()
    .describe("test: alerts of this Parquet file, instead of simulated ones")
    .meta({ value: "FILE" }),
  survey: z
    .string()
    .optional()
    .describe("Only modules of this survey; of --on FILE its columns tell")
    .meta({ value: "NAME" }),
  night: z
    .string()
    .regex(
      /^\d{8}(-\d{8})?$/,
      "a night is written YYYYMMDD; run takes YYYYMMDD-YYYYMMDD as well, from the first to the last",
    )
    .optional()
    .describe("run, diff: this night; run: or all from YYYYMMDD-YYYYMMDD")
    .meta({ value: "YYYYMMDD" }),
  modules: z
    .string()
    .optional()
    .describe(
      "run: only these modules, and those that need what they add; all others stay as they are",
    )
    .meta({ value: "NAMES" }),
  again: z
    .boolean()
    .default(false)
    .describe("run: also nights that were made by these versions of modules and catalogues"),
  from: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe("diff: version of the table science; that before --to where it is left out")
    .meta({ value: "VERSION" }),
  to: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe("diff: version to compare it with; that of the last run where both are left out")
    .meta({ value: "VERSION" }),
  alerts: z
    .int()
    .positive()
    .max(100_000)
    .default(100)
    .describe("test: how many alerts are simulated, 100 by default")
    .meta({ value: "N" }),
});
type Flags = z.output<typeof flags>;

export const science = defineCommand({
  arguments: "list|test|run|diff [MODULES]",
  description: [
    "list: the modules, the columns they need and those they add. Your own are the files of the folder science.modules.",
    "test MODULES: runs modules (names or files, separated by commas, or all) and prints what they say of each alert.",
    "run --night YYYYMMDD: computes the science of a night, or of several, anew, each as one new version of the table, while services run. Killed and started again it goes on.",
    "diff --night YYYYMMDD: what a version says differently from another, by column.",
  ].join("\n"),
  example: "./fink science test roid,nalerthist",
  flags,
  async run(context, [action, names], given) {
    const modules = await modulesOf(context);
    if (action === "list" && names === undefined) return await list(context, modules, given.survey);
    if (action === "test" && names !== undefined) return await test(context, modules, names, given);
    if (action === "run" && names === undefined) return await runNights(context, modules, given);
    if (action === "diff" && names === undefined) return await diffNight(context, given);
    throw new FinkError(
      "usage",
      "there is ./fink science list, test MODULES, run --night YYYYMMDD and diff --night YYYYMMDD",
    );
  },
});

async function modulesOf(context: CommandContext): Promise<readonly ScienceModule[]> {
  const { modules, problems } = await knownModules(
    setupOf(context),
    surveysOf(context.config().config).all,
  );
  for (const problem of problems) context.warn(`fink: left out: ${problem.message}`);
  return modules;
}

function setupOf(context: CommandContext): ScienceSetup {
  const { config } = context.config();
  return { lake: config.lake, config: config.science };
}

async function list(
  context: CommandContext,
  modules: readonly ScienceModule[],
  survey: string | undefined,
): Promise<void> {
  const listed = modules.filter(({ surveys }) => survey === undefined || surveys.includes(survey));
  const off = await reasonsOff(context, listed);
  const records = moduleRecords(setupOf(context).lake);
  // functions are left out
  if (context.json)
    return context.print(
      JSON.stringify(
        listed.map((module, i) => ({
          ...module,
          off: off[i],
          measured: records[module.name] ?? null,
        })),
        null,
        2,
      ),
    );
  context.print(
    listed.map((module, i) => describe(module, off[i], records[module.name])).join("\n\n"),
  );
  for (const trouble of remoteTroubles(setupOf(context).lake)) context.warn(`fink: ${trouble}`);
}

/** Why each cannot run here; null: it can. */
async function reasonsOff(
  context: CommandContext,
  modules: readonly ScienceModule[],
): Promise<(string | null)[]> {
  return await Promise.all(
    modules.map(async (module) => (await module.unavailable?.(setupOf(context))) ?? null),
  );
}

function describe(
  { name, version, surveys, about, needs, adds }: ScienceModule,
  off: string | null,
  record: ModuleRecord | undefined,
): string {
  const columns = adds.map((column) => [
    column.name,
    column.type,
    column.unit ?? "",
    column.description,
  ]);
  const measured =
    record &&
    `took ${record.microsecondsPerAlert.toFixed(1)} µs for each of ${record.alerts} alerts in the last run of the service`;
  const lines = [
    about,
    ...(off === null ? [] : [`off: ${off}`]),
    ...(measured ? [measured] : []),
    `needs ${needs.join(", ")}`,
    ...table(["adds", "type", "unit", ""], columns).split("\n"),
  ];
  return [`${name} ${version} (${surveys.join(", ")})`, ...lines.map((line) => `  ${line}`)].join(
    "\n",
  );
}

async function test(
  context: CommandContext,
  known: readonly ScienceModule[],
  names: string,
  given: Flags,
): Promise<number> {
  const named =
    names === "all"
      ? known
      : await Promise.all(names.split(",").map((name) => moduleNamed(name, known)));
  const file = given.on === undefined ? null : await openAlertFile(resolve(given.on));
  const survey = surveyOf(context, file, given, named);
  const chosen = named.filter(({ surveys }) => surveys.includes(survey.name));
  const other = named.find((module) => !chosen.includes(module));
  if (other && names !== "all")
    throw new FinkError(
      "usage",
      `${other.name} is a module for alerts of ${other.surveys.join(", ")}, not of ${survey.name}`,
    );
  const sample = file ? null : await sampleOf(survey.name, given.alerts);
  const { paths } = file ?? sample!;
  const idPath = survey.alert?.find((path) => paths.has(path));
  if (idPath === undefined)
    throw new FinkError(
      "schema",
      `the alerts have no id: there is no column ${survey.alert?.join(" or ") ?? "that the survey calls so"}`,
    );
  const ofSurvey = known.filter(({ surveys }) => surveys.includes(survey.name));
  const found = withMakers(chosen, ofSurvey, paths);
  const off = await lackingOf(context, found);
  const isKnown = (path: string) => pathsOfSurvey(survey).includes(path);
  const modules = found.filter((module, _, all) => {
    const made = all.flatMap(({ adds }) => adds.map(({ name }) => name));
    const missing = missingNeed(module, new Set([...paths, ...made]), isKnown);
    const isAsked = names !== "all" && chosen.includes(module);
    if (isAsked && off.has(module.name))
      throw new FinkError("model", `${module.name} is off: ${off.get(module.name)}`);
    if (missing === undefined) return true;
    if (names !== "all") throw missingColumn(missing, paths);
    context.warn(
      `fink: ${module.name} is left out: there is no column ${missing}${didYouMean(missing, paths)}`,
    );
    return false;
  });
  const alerts = sample ?? (await file!.read([idPath, ...modules.flatMap(({ needs }) => needs)]));
  const results = await runModules(modules, alerts, setupOf(context), {
    off,
    none: survey.none,
    isKnown,
  });
  return report(context, idsOf(alerts, idPath), results, chosen, off);
}

async function moduleNamed(name: string, known: readonly ScienceModule[]): Promise<ScienceModule> {
  if (name.endsWith(".ts")) return await loadModule(resolve(name));
  const found = known.find((module) => module.name === name);
  if (found) return found;
  const all = known.map((module) => module.name);
  throw new FinkError(
    "usage",
    `there is no science module ${name}${didYouMean(name, all) || "; see `./fink science list`"}`,
  );
}

/**
 * Parquet keeps no name of its schema; Spark calls it so. Simulated alerts are of the first survey
 * that all modules are for.
 */
function surveyOf(
  context: CommandContext,
  file: AlertFile | null,
  { survey, on }: Flags,
  modules: readonly ScienceModule[],
): Survey {
  const surveys = surveysOf(context.config().config);
  const told = file
    ? surveys.ofSchema({ name: "topLevelRecord", has: (path) => file.paths.has(path) })
    : undefined;
  const common = modules[0]?.surveys.find(
    (name) => isSimulated(name) && modules.every((module) => module.surveys.includes(name)),
  );
  const name = survey ?? told ?? common ?? "ztf";
  const found = surveys.all.find((s) => s.name === name);
  if (found) return found;
  if (survey !== undefined)
    throw new FinkError(
      "usage",
      `--survey ${survey}: there is no such survey${didYouMean(
        survey,
        surveys.all.map((s) => s.name),
      )}`,
    );
  throw new FinkError(
    "usage",
    `${on}: its columns are those of no survey that is known; say whose alerts they are with --survey NAME`,
  );
}

async function sampleOf(survey: string, alerts: number): Promise<AlertColumns> {
  if (!isSimulated(survey))
    throw new FinkError(
      "usage",
      `there are no simulated alerts of ${survey}; give some with --on FILE.parquet`,
    );
  const { sampleAlerts } = await import("../../science/sample.ts"); // the sky and its models
  return sampleAlerts(survey, alerts);
}

function isSimulated(survey: string): survey is SurveyName {
  return Object.hasOwn(telescopes, survey);
}

function idsOf(alerts: AlertColumns, path: string): readonly string[] {
  try {
    return Array.from(alerts.longs(path), String);
  } catch {
    return alerts.texts(path).map(String);
  }
}

/** Modules that cannot run here, and why. */
async function lackingOf(
  context: CommandContext,
  modules: readonly ScienceModule[],
): Promise<Map<string, string>> {
  const reasons = await reasonsOff(context, modules);
  return new Map(
    modules.flatMap(({ name }, i) => (reasons[i] === null ? [] : [[name, reasons[i]]])),
  );
}

function report(
  context: CommandContext,
  ids: readonly string[],
  { columns, outcomes }: Results,
  chosen: readonly ScienceModule[],
  off: ReadonlyMap<string, string>,
): number {
  const ran = outcomes.filter(({ module }) => chosen.includes(module));
  const names = ran.flatMap(({ module }) => module.adds.map(({ name }) => name));
  const vectors = names.map((name) => makeVector(columnAt(columns, [name])!.data) as Vector);
  if (context.json) {
    const rows = ids.map(
      (id, i) =>
        [
          id,
          Object.fromEntries(names.map((name, column) => [name, jsonOf(vectors[column].get(i))])),
        ] as const,
    );
    context.print(JSON.stringify(Object.fromEntries(rows), null, 1));
  } else {
    context.print(
      table(
        ["alert", ...names],
        ids.map((id, i) => [id, ...vectors.map((vector) => textOf(vector.get(i)))]),
      ),
    );
    const times = ran.map(({ module, milliseconds }) => [
      module.name,
      module.version,
      milliseconds.toFixed(2),
      ((1000 * milliseconds) / ids.length).toFixed(1),
    ]);
    context.print(`\n${table(["module", "version", "ms", "µs per alert"], times)}`);
  }
  const failed = outcomes.filter(({ failure }) => failure !== null);
  for (const { module, failure } of failed)
    context.warn(
      `fink: ${module.name} ${off.has(module.name) ? "is off" : "failed"}, its columns are null: ${failure}`,
    );
  for (const { module, pending } of outcomes)
    if (pending)
      context.warn(
        `fink: ${module.name}: of ${pending.reduce((a, b) => a + b)} alerts the answer has not come yet`,
      );
  return failed.some(({ module }) => !off.has(module.name)) ? 1 : 0;
}

/** JSON has neither 64-bit integers nor NaN. */
function jsonOf(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

function textOf(value: unknown): string {
  return typeof value === "number" && !Number.isInteger(value)
    ? String(Number(value.toPrecision(7)))
    : String(value);
}
