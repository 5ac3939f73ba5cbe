import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { projectFolder } from "../config/load.ts";
import type { Expression, FilterFunction } from "../filters/filter.ts";
import { readHeader } from "../filters/header.ts";
import { filterFiles } from "../filters/load.ts";
import { parseCondition, parseSelect } from "../filters/parse.ts";
import { modules } from "../science/modules.ts";

interface Shown {
  readonly name: string;
  readonly survey: string;
  readonly description: string;
  readonly origin: string;
  /** Top columns, or those of science, that it reads. */
  readonly columns: readonly string[];
  readonly form: "SQL" | "TypeScript";
}

/** What is written of the shipped filters, from their files. */
export async function filtersPage(generated: string): Promise<string> {
  const all = await Promise.all(
    filterFiles(join(projectFolder, "filters")).map(({ survey, file }) => shown(survey, file)),
  );
  const sections = ["ztf", "lsst"].flatMap((survey) => {
    const own = all.filter((filter) => filter.survey === survey);
    return [`## ${survey.toUpperCase()}: ${own.length} filters`, ...own.map(sectionOf)];
  });
  return `${[generated, "# Shipped filters", intro, ...sections, missing].join("\n\n")}\n`;
}

const intro = `Files of \`filters/<survey>/\`, written as yours are; a file of the same name in your own folder takes a shipped one's place. \`./fink filter test NAME\` says how many alerts one
would have sent. They select what the filters of [fink-filters](https://github.com/astrolabsoftware/fink-filters) select, alert for alert (\`test/filters/reference.test.ts\` compares them); where the
original does something else than it says, the filter does what the original says, and its text tells how they differ under *Unlike the original*.

The live service gives filters only alerts that pass the quality cuts, except those with \`quality: all\`. Columns of models, catalogues and
services are null until you add them or switch them on, and what is null is not selected: see [models](../models.md) and [catalogues](../catalogues.md). So \`cdsxmatch\` wants SIMBAD,
\`DR3Name\` Gaia.`;

const missing = `## Not shipped

| filter of fink-filters | why |
|---|---|
| \`ztf/filter_anomaly_notification\` | the ten lowest scores of a night: a query of the past night (\`ORDER BY anomaly_score LIMIT 10\`), not a question to one alert |
| \`ztf/filter_early_tde_candidates\` | its two models and its dust maps are not in a form that can be added |
| \`ztf/filter_mm_module\` | needs the coincidences that a service of its own finds between alerts and bursts; for sky maps of your own, see \`in_area\` in the [cookbook](../filters-cookbook.md) |
| \`ztf/filter_snlike\` | its column \`rfscore\` is no longer computed |
| \`rubin/attic\` | retired by its authors |`;

async function shown(survey: string, file: string): Promise<Shown> {
  const name = basename(file).replace(/\.(sql|ts)$/, "");
  if (file.endsWith(".sql")) {
    const text = readFileSync(file, "utf8");
    const { description, origin } = readHeader(text);
    return {
      name,
      survey,
      description,
      origin,
      columns: columnsOf((await parseSelect(text)).where),
      form: "SQL",
    };
  }
  const exports = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const {
    description,
    origin = "",
    where = "true",
    needs,
  } = Object.values(exports).find(
    (value) => typeof value === "object" && value !== null && "select" in value,
  ) as FilterFunction;
  return {
    name,
    survey,
    description,
    origin,
    columns: [...new Set([...columnsOf(await parseCondition(where)), ...needs])],
    form: "TypeScript",
  };
}

function columnsOf(expression: Expression, variables: readonly string[] = []): string[] {
  const inner = (all: readonly Expression[], also: readonly string[] = []) => [
    ...new Set(all.flatMap((one) => columnsOf(one, [...variables, ...also]))),
  ];
  switch (expression.kind) {
    case "column":
      return variables.includes(expression.path[0]) ? [] : [expression.path.join(".")];
    case "constant":
      return [];
    case "field":
      return inner([expression.of]);
    case "lambda":
      return inner([expression.body], expression.parameters);
    case "call":
      return inner(expression.args);
  }
}

function sectionOf({ name, survey, description, origin, columns, form }: Shown): string {
  const sentences = description.replace(/\s+/g, " ");
  const [about, ...differences] = sentences.split(/ (?=Unlike the original)/);
  const [what, ...needs] = about.split(/ (?=Needs the catalogue)/);
  const science = columns.filter(
    (column) =>
      !/^(candidate|prv_candidates|diaSource|prvDiaSources|diaObject|cutout\w+)(\.|$)/.test(column),
  );
  const models = [
    ...new Set(
      modules
        .filter(
          ({ surveys, adds }) =>
            surveys.includes(survey) && adds.some(({ name: column }) => science.includes(column)),
        )
        .flatMap((module) => module.models ?? []),
    ),
  ];
  return [
    `### ${name}`,
    what,
    ...needs.map(commandOf),
    ...(models.length > 0
      ? [
          `Needs ${models.length === 1 ? "the model" : "the models"} ${models.map((model) => `\`${model}\``).join(", ")}.`,
        ]
      : []),
    ...differences.map((text) => text.replace(/^(Unlike the original)/, "*$1*")),
    `From ${origin}. ${form}; columns of science: ${science.length > 0 ? science.map((column) => `\`${column}\``).join(", ") : "none"}.`,
  ].join("\n\n");
}

/** The command of a sentence as code. */
function commandOf(text: string): string {
  const [before, command] = text.split(/ (?=\.\/fink catalog add)/);
  return command === undefined ? text : `${before}\n\n    ${command.replace(/\.$/, "")}`;
}
