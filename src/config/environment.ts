/** Environment variables that are no configuration keys, and what they are for. */
export const otherVariables: Readonly<Record<string, string>> = {
  FINK_HOME:
    "Folder that holds `conf/` and, unless configured otherwise, the lake; default: the project's folder",
  FINK_PYTHON: "Tests: Python that has deltalake, polars and fastavro",
  FINK_KAFKA_LIB: "Tests: folder with the jars of a Kafka broker",
  FINK_CHROMIUM: "Tests: the browser to use",
  FINK_REQUIRE:
    "Tests: components (kafka, chromium, python) whose absence fails a test instead of skipping it",
  FINK_CRASH_AT: "Tests: the step before or after which the archive kills itself",
};
