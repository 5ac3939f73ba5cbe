import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type SchemaPlaces, SchemaStore } from "../avro/registry.ts";
import type { Config } from "../config/schema.ts";
import { secretOf } from "../config/secrets.ts";
import { FinkError } from "../errors.ts";
import { loadSurveys, shippedSurveys, type Surveys, unknownSurvey } from "../surveys/surveys.ts";
import type { ArchiverOptions } from "./archiver.ts";
import { foldersOfSchemas } from "./schemas-beside.ts";
import { surveyOfMessage } from "./survey-of.ts";

/** The shipped survey definitions, and the user's. */
export function surveysOf(config: Config): Surveys {
  return loadSurveys(shippedSurveys, config.surveys);
}

/** `paths`: files and folders of alerts, beside which schemas can be. */
export function archiverOptions(
  config: Config,
  lake: string,
  paths: readonly string[] = [],
): Omit<ArchiverOptions, "onTrouble"> {
  return {
    lake,
    surveys: surveysOf(config),
    schemas: schemaPlaces(config, lake, paths),
    bareSchema: bareSchema(config),
    ...config.archive,
  };
}

/** Survey of a topic: a definition that claims it, else `kafka.survey`, else its first word. */
export function surveyOfTopic(config: Config): (topic: string) => string {
  const surveys = surveysOf(config);
  return (topic) => surveys.claiming(topic) ?? (config.kafka.survey || surveys.ofTopic(topic));
}

/** Survey of a file by its first message. */
export function surveyOfFile({
  surveys,
  schemas,
}: Pick<ArchiverOptions, "surveys" | "schemas">): (first: Uint8Array) => Promise<string> {
  const store = new SchemaStore(schemas);
  return (first) => surveyOfMessage(first, surveys, store, unknownSurvey);
}

function schemaPlaces({ schemas }: Config, lake: string, paths: readonly string[]): SchemaPlaces {
  const { folder, registry, username } = schemas;
  if (folder !== "" && !existsSync(folder))
    throw new FinkError("config", `schemas.folder: there is no folder ${folder}`);
  return {
    folder,
    beside: foldersOfSchemas(paths, folder),
    registry,
    username,
    password: secretOf(schemas, "schemas"),
    cache: join(lake, ".fink", "schemas"),
  };
}

function bareSchema({ schemas }: Config): string {
  if (schemas.bare === "") return "";
  try {
    return readFileSync(schemas.bare, "utf8");
  } catch (error) {
    throw new FinkError(
      "config",
      `schemas.bare: ${schemas.bare} cannot be read; name a file that holds an Avro schema`,
      error,
    );
  }
}
