import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { FinkError } from "../errors.ts";
import { type Survey, surveySchema } from "./definition.ts";

/** What a packet's schema says of itself: enough to tell which survey it is from. */
export interface SchemaIdentity {
  /** Avro full name, e.g. `lsst.v9_0.alert`. */
  readonly name: string;
  /** Whether there is a field at a dotted path such as `diaSource.ra`. */
  has(path: string): boolean;
}

/**
 * Survey of what can be told neither by its schema nor by the user: its bytes wait in
 * `lake/unknown/rejected`.
 */
export const unknownSurvey = "unknown";

/** The known surveys, and a definition for those nobody described. */
export class Surveys {
  readonly all: readonly Survey[];
  constructor(all: readonly Survey[]) {
    this.all = all;
  }

  /**
   * The definition of that name, or an empty one: a survey nobody described is archived all the
   * same.
   */
  named(name: string): Survey {
    return this.all.find((s) => s.name === name) ?? surveySchema.parse({ name });
  }

  /**
   * Name of the survey a packet belongs to: the definition that matches by most fields, else the
   * start of its namespace.
   */
  ofSchema(schema: SchemaIdentity): string {
    const matching = this.all.flatMap(({ name, match }) =>
      match.filter((m) => matches(m, schema)).map((m) => ({ name, fields: m.fields.length })),
    );
    return matching.sort((a, b) => b.fields - a.fields)[0]?.name ?? leadingWord(schema.name);
  }

  /** The survey whose definition names the topic. */
  claiming(topic: string): string | undefined {
    return this.all.find((s) => s.topics.some((p) => globToRegExp(p).test(topic)))?.name;
  }

  /**
   * Name of the survey a topic carries: a definition that names it, else the topic's first word.
   */
  ofTopic(topic: string): string {
    return this.claiming(topic) ?? leadingWord(topic);
  }
}

function matches({ schema, fields }: Survey["match"][number], identity: SchemaIdentity): boolean {
  return globToRegExp(schema).test(identity.name) && fields.every((path) => identity.has(path));
}

/** Folder of the shipped definitions. */
export const shippedSurveys = join(import.meta.dirname, "../../conf/surveys");

/**
 * Reads every `*.yaml` of the folders; an empty name stands for no folder. A later definition of a
 * name replaces an earlier one.
 */
export function loadSurveys(...folders: readonly string[]): Surveys {
  const found = new Map<string, Survey>();
  for (const folder of folders.filter((f) => f !== "")) {
    if (!existsSync(folder)) throw new FinkError("config", `surveys: there is no folder ${folder}`);
    for (const file of readdirSync(folder)
      .filter((f) => f.endsWith(".yaml"))
      .sort()) {
      const survey = parseSurvey(readFileSync(join(folder, file), "utf8"), file);
      found.set(survey.name, survey);
    }
  }
  return new Surveys([...found.values()]);
}

export function parseSurvey(text: string, file: string): Survey {
  const result = surveySchema.safeParse(parse(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FinkError(
    "config",
    `survey ${file}: ${issue.path.join(".") || "file"}: ${issue.message}`,
  );
}

/** `*` stands for any run of characters; everything else for itself. */
export function globToRegExp(pattern: string): RegExp {
  const literal = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`);
}

function leadingWord(name: string): string {
  return /^[a-z]+/.exec(name.toLowerCase())?.[0] ?? unknownSurvey;
}
