import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { FinkError } from "../errors.ts";
import { type Survey, surveySchema } from "./definition.ts";

/** What a packet's schema says of itself: enough to tell which survey it is from. */
export interface SchemaIdentity {
  /** Avro full name, e.g. `lsst.v9_0.alert`. */
  readonly name: string;
  /** Names of the top-level fields. */
  readonly fields: readonly string[];
}

/** The known surveys, and a definition for those nobody described. */
export class Surveys {
  readonly all: readonly Survey[];
  constructor(all: readonly Survey[]) {
    this.all = all;
  }

  /** The definition of that name, or an empty one: a survey nobody described is archived all the same. */
  named(name: string): Survey {
    return this.all.find((s) => s.name === name) ?? surveySchema.parse({ name });
  }

  /** Name of the survey a packet belongs to: a definition that matches, else the start of its namespace. */
  ofSchema(schema: SchemaIdentity): string {
    const byName = this.all.find((s) => s.match.schemas.some((p) => globToRegExp(p).test(schema.name)));
    if (byName) return byName.name;
    if (!schema.name.includes(".")) {
      const has = (s: Survey) => s.match.fields.length > 0 && s.match.fields.every((f) => schema.fields.includes(f));
      const byFields = this.all.find(has);
      if (byFields) return byFields.name;
    }
    return leadingWord(schema.name);
  }

  /** Name of the survey a topic carries: a definition that matches, else the topic's first word. */
  ofTopic(topic: string): string {
    const known = this.all.find((s) => s.match.topics.some((p) => globToRegExp(p).test(topic)));
    return known?.name ?? leadingWord(topic);
  }
}

/** Reads every `*.yaml` of the folder. */
export function loadSurveys(folder: string): Surveys {
  const files = readdirSync(folder).filter((f) => f.endsWith(".yaml")).sort();
  return new Surveys(files.map((f) => parseSurvey(readFileSync(join(folder, f), "utf8"), f)));
}

export function parseSurvey(text: string, file: string): Survey {
  const result = surveySchema.safeParse(parse(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FinkError("config", `survey ${file}: ${issue.path.join(".") || "file"}: ${issue.message}`);
}

/** `*` stands for any run of characters; everything else for itself. */
export function globToRegExp(pattern: string): RegExp {
  const literal = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`);
}

function leadingWord(name: string): string {
  return /^[a-z]+/.exec(name.toLowerCase())?.[0] ?? "unknown";
}
