import { resolve } from "node:path";
import { surveysOf } from "../../archive/setup.ts";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import type { Filter } from "../../filters/filter.ts";
import { filterFileNamed } from "../../filters/library.ts";
import { loadFilter } from "../../filters/load.ts";
import { Versions } from "../../filters/versions.ts";
import type { ScienceModule, ScienceSetup } from "../../science/module.ts";
import { knownModules } from "../../science/registry.ts";
import type { Survey } from "../../surveys/definition.ts";
import type { CommandContext } from "../command.ts";

/** A filter by name (`name`, `survey/name`), one of its versions (`name@2`), or a file. */
export async function filterGiven(
  context: CommandContext,
  given: string | undefined,
): Promise<Filter> {
  if (given === undefined)
    throw new FinkError(
      "usage",
      "name a filter (./fink filter list shows them) or its file, such as my_filter.sql",
    );
  const { config } = context.config();
  const versions = new Versions(config.lake);
  if (/\.(sql|ts)$/.test(given))
    return await loadFilter(resolve(given), null, (filter) => versions.known(filter));
  const [name, version] = given.split("@");
  const found = filterFileNamed(name, config.filters.folder);
  if (version === undefined)
    return await loadFilter(found.file, found.survey, (filter) => versions.known(filter));
  return await loadFilter(
    versions.file(found, Number(version)),
    found.survey,
    () => Number(version),
    found.name,
  );
}

/** The survey a filter is for; `has` tells of a file's columns when the filter does not say. */
export function surveyOf(
  context: CommandContext,
  filter: Filter,
  has?: (path: string) => boolean,
): Survey {
  const surveys = surveysOf(context.config().config);
  const names = surveys.all.map(({ name }) => name);
  const told =
    names.includes(filter.survey) || !has
      ? filter.survey
      : surveys.ofSchema({ name: "topLevelRecord", has });
  const survey = surveys.all.find(({ name }) => name === told);
  if (survey) return survey;
  throw new FinkError(
    "filter",
    `${filter.file}: there is no survey ${told}${didYouMean(told, names)}; write -- survey: NAME at its top, or put it into filters/NAME/`,
  );
}

export async function modulesOf(context: CommandContext, survey: Survey): Promise<ScienceModule[]> {
  const { modules, problems } = await knownModules(setupOf(context));
  for (const { message } of problems) context.warn(`fink: left out: ${message}`);
  return modules.filter(({ surveys }) => surveys.includes(survey.name));
}

export function setupOf(context: CommandContext): ScienceSetup {
  const { config } = context.config();
  return { lake: config.lake, config: config.science };
}
