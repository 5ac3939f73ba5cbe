import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type SchemaPlaces, SchemaStore } from "../avro/registry.ts";
import type { Config } from "../config/schema.ts";
import { secretOf } from "../config/secrets.ts";
import { FinkError } from "../errors.ts";
import { loadSurveys, shippedSurveys, type Surveys, unknownSurvey } from "../surveys/surveys.ts";
import type { ArchiverOptions } from "./archiver.ts";
import { surveyOfMessage } from "./survey-of.ts";

/** The shipped survey definitions, and the user's. */
export function surveysOf(config: Config): Surveys {
  return loadSurveys(shippedSurveys, config.surveys);
}

export function archiverOptions(config: Config, lake: string): Omit<ArchiverOptions, "onTrouble"> {
  return { lake, surveys: surveysOf(config), schemas: schemaPlaces(config, lake), bareSchema: bareSchema(config), ...config.archive };
}

/** Survey of a topic: a definition that claims it, else `kafka.survey`, else its first word. */
export function surveyOfTopic(config: Config): (topic: string) => string {
  const surveys = surveysOf(config);
  return (topic) => surveys.claiming(topic) ?? (config.kafka.survey || surveys.ofTopic(topic));
}

/** Survey of a file by its first message. */
export function surveyOfFile(config: Config, lake: string, otherwise = unknownSurvey): (first: Uint8Array) => Promise<string> {
  const surveys = surveysOf(config);
  const schemas = new SchemaStore(schemaPlaces(config, lake));
  return (first) => surveyOfMessage(first, surveys, schemas, otherwise);
}

function schemaPlaces({ schemas }: Config, lake: string): SchemaPlaces {
  const { folder, registry, username } = schemas;
  if (folder !== "" && !existsSync(folder)) throw new FinkError("config", `schemas.folder: there is no folder ${folder}`);
  return { folder, registry, username, password: secretOf(schemas, "schemas"), cache: join(lake, ".fink", "schemas") };
}

function bareSchema({ schemas }: Config): string {
  if (schemas.bare === "") return "";
  try {
    return readFileSync(schemas.bare, "utf8");
  } catch (error) {
    throw new FinkError("config", `schemas.bare: ${schemas.bare} cannot be read; name a file that holds an Avro schema`, error);
  }
}
