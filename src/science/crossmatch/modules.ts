import { type CatalogueInfo, cataloguesIn } from "../../lake/catalogues.ts";
import type { Positions } from "../catalogue/match.ts";
import { valuesOf } from "../catalogue/modules.ts";
import type { Columns, ScienceContext, ScienceModule, ScienceSetup, Values } from "../module.ts";
import { remoteSource } from "../remote/remote-source.ts";
import { tnsSource } from "../remote/tns.ts";
import { catalogueSource } from "./catalogue-source.ts";
import type { Answer, CrossMatch, FinkSurvey, MatchColumn } from "./rule.ts";
import { crossMatches } from "./rules.ts";

const structures: Readonly<Record<FinkSurvey, string>> = { ztf: "candidate", lsst: "diaSource" };

/** Who answers: a catalogue of the lake, or a remote service. */
export interface MatchSource {
  /** `name@edition` */
  readonly edition: string;
  ask(
    positions: Positions,
    survey: FinkSurvey,
    context: ScienceContext,
  ): Promise<readonly Answer[]>;
  readonly changes?: ScienceModule["changes"];
}

/**
 * A module for each of Fink's cross-matches and each survey; one that nobody can answer says how to
 * change that, and its columns are null.
 */
export function crossMatchModules(setup: ScienceSetup): ScienceModule[] {
  const infos = cataloguesIn(setup.lake);
  return crossMatches.flatMap((rule) => {
    const source = sourceOf(rule, setup, infos);
    return (["ztf", "lsst"] as const).flatMap((survey) =>
      rule.columns[survey] ? moduleOf(rule, survey, rule.columns[survey], source) : [],
    );
  });
}

/** The catalogue of the lake, else the remote service, else what is missing. */
function sourceOf(
  rule: CrossMatch,
  setup: ScienceSetup,
  infos: readonly CatalogueInfo[],
): MatchSource | string {
  const { name, fields, optional, add, radiusArcsec } = rule;
  const isRemote = (setup.config.remote.services as readonly string[]).includes(name);
  if (isRemote && name === "tns") return tnsSource(setup, rule);
  const info = infos.find((one) => one.name === name);
  const lacking =
    info && fields.find((field) => !info.keep.includes(field) && !optional?.includes(field));
  if (info && lacking === undefined) return catalogueSource(setup.lake, rule, info);
  if (isRemote) return remoteSource(setup, rule);
  const keep = fields.some((field) => field.includes(" "))
    ? `"${fields.join(",")}"`
    : fields.join(",");
  const what =
    lacking === undefined
      ? `there is no catalogue ${name}`
      : `the catalogue ${name} does not keep ${lacking}`;
  const ways = [
    ...(add === null
      ? []
      : [`./fink catalog add ${add} --name ${name} --keep ${keep} --radius ${radiusArcsec}`]),
    ...(rule.table === null && name !== "tns" ? [] : [`name it in science.remote.services`]),
  ];
  return `${add === null ? "it is not asked for" : what}; ${ways.join(", or ")}`;
}

function moduleOf(
  rule: CrossMatch,
  survey: FinkSurvey,
  columns: readonly MatchColumn[],
  source: MatchSource | string,
): ScienceModule {
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
    ...(typeof source === "object" && source.changes && { changes: source.changes }),
    async run(alerts, context) {
      if (typeof source === "string") throw new Error(source);
      const answers = await source.ask(
        { ra: alerts.numbers(ra), dec: alerts.numbers(dec) },
        survey,
        context,
      );
      answers.forEach((answer, i) => answer === undefined && context.pending(i));
      return Object.fromEntries(
        columns.map((column) => [column.name, filled(column, answers)]),
      ) as Columns;
    },
  };
}

function filled({ type, value, none }: MatchColumn, answers: readonly Answer[]): Values {
  return valuesOf(
    type,
    answers.map((answer) => (answer === undefined ? null : answer === null ? none : value(answer))),
  );
}
