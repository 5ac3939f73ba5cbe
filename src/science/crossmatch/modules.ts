import { type CatalogueInfo, cataloguesIn } from "../../lake/catalogues.ts";
import type { Positions } from "../catalogue/match.ts";
import { valuesOf } from "../catalogue/modules.ts";
import type { Columns, ScienceContext, ScienceModule, Values } from "../module.ts";
import { catalogueSource } from "./catalogue-source.ts";
import type { Answer, CrossMatch, FinkSurvey, MatchColumn } from "./rule.ts";
import { crossMatches } from "./rules.ts";

const structures: Readonly<Record<FinkSurvey, string>> = { ztf: "candidate", lsst: "diaSource" };

/** Who answers: a catalogue of the lake, or a remote service. */
export interface MatchSource {
  /** `name@edition` */
  readonly edition: string;
  ask(positions: Positions, survey: FinkSurvey, context: ScienceContext): Promise<readonly Answer[]>;
}

/** A module for each of Fink's cross-matches and each survey; one that nobody can answer says how to change that, and its columns are null. */
export function crossMatchModules(lake: string): ScienceModule[] {
  const infos = cataloguesIn(lake);
  return crossMatches.flatMap((rule) => {
    const source = sourceOf(rule, lake, infos);
    return (["ztf", "lsst"] as const).flatMap((survey) => (rule.columns[survey] ? moduleOf(rule, survey, rule.columns[survey], source) : []));
  });
}

/** Or what is missing. */
function sourceOf(rule: CrossMatch, lake: string, infos: readonly CatalogueInfo[]): MatchSource | string {
  const info = infos.find(({ name }) => name === rule.name);
  if (!info) return `there is no catalogue ${rule.name}; ./fink catalog add ${rule.add ?? ""}`;
  const lacking = rule.fields.find((field) => !info.keep.includes(field) && !rule.optional?.includes(field));
  if (lacking !== undefined) return `the catalogue ${rule.name} does not keep ${lacking}; ./fink catalog add ${rule.add ?? ""}`;
  return catalogueSource(lake, info, rule);
}

function moduleOf(rule: CrossMatch, survey: FinkSurvey, columns: readonly MatchColumn[], source: MatchSource | string): ScienceModule {
  const [ra, dec] = ["ra", "dec"].map((name) => `${structures[survey]}.${name}`);
  return {
    name: `${rule.name}_${survey}`,
    version: "1",
    surveys: [survey],
    about: `${rule.title}: the nearest source within ${rule.radiusArcsec}″. As fink_broker's apply_all_xmatch, for each alert by itself.`,
    needs: [ra, dec],
    adds: columns.map(({ name, type, unit, description }) => ({ name, type, unit, description })),
    get catalogues() {
      return typeof source === "string" ? [] : [source.edition];
    },
    unavailable: () => (typeof source === "string" ? source : null),
    async run(alerts, context) {
      if (typeof source === "string") throw new Error(source);
      const answers = await source.ask({ ra: alerts.numbers(ra), dec: alerts.numbers(dec) }, survey, context);
      answers.forEach((answer, i) => answer === undefined && context.pending(i));
      return Object.fromEntries(columns.map((column) => [column.name, filled(column, answers)])) as Columns;
    },
  };
}

function filled({ type, value, none }: MatchColumn, answers: readonly Answer[]): Values {
  return valuesOf(
    type,
    answers.map((answer) => (answer === undefined ? null : answer === null ? none : value(answer))),
  );
}
