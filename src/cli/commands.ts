import type { CommandTable } from "./command.ts";

/** Every command: one line here, one file in `commands/`. */
export const commands: CommandTable = {
  demo: { group: "First steps", summary: "Make a night of alerts, archive it and show it", load: async () => (await import("./commands/demo.ts")).demo },
  simulate: {
    group: "Alerts",
    summary: "Make nights of alerts with known truth: files or Kafka",
    load: async () => (await import("./commands/simulate.ts")).simulate,
  },
  replay: { group: "Alerts", summary: "Send archived alerts again, with their spacing", load: async () => (await import("./commands/replay.ts")).replay },
  ingest: { group: "Alerts", summary: "Archive files of alerts", load: async () => (await import("./commands/ingest.ts")).ingest },
  retry: { group: "Alerts", summary: "Read again what waits in the rejected tables", load: async () => (await import("./commands/retry.ts")).retry },
  query: { group: "Alerts", summary: "SQL over the lake", load: async () => (await import("./commands/query.ts")).query },
  science: {
    group: "Alerts",
    summary: "What is computed on each alert; try a module of your own",
    load: async () => (await import("./commands/science.ts")).science,
  },
  model: { group: "Alerts", summary: "ONNX models that score alerts", load: async () => (await import("./commands/model.ts")).model },
  filter: {
    group: "Alerts",
    summary: "Select alerts: check, test, explain and rerun filters",
    load: async () => (await import("./commands/filter.ts")).filter,
  },
  lake: { group: "Alerts", summary: "Tables of the lake; widen their columns", load: async () => (await import("./commands/lake.ts")).lake },
  export: {
    group: "Alerts",
    summary: "Bring the rows of a query to a file or to Kafka",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  deliveries: {
    group: "Alerts",
    summary: "What was sent where, what failed; send dead letters again",
    load: async () => (await import("./commands/deliveries.ts")).deliveries,
  },
  catalog: { group: "Alerts", summary: "Catalogues that alerts are matched with", load: async () => (await import("./commands/catalog.ts")).catalog },
  account: {
    group: "Alerts",
    summary: "Where every alert is: received, archived, enriched, matched",
    load: async () => (await import("./commands/account.ts")).account,
  },
  aggregation: {
    group: "Alerts",
    summary: "Counts of alerts in windows of time; try one of your own",
    load: async () => (await import("./commands/aggregation.ts")).aggregation,
  },
  places: { group: "Alerts", summary: "Watch lists and areas that filters may name", load: async () => (await import("./commands/places.ts")).places },
  compact: { group: "Alerts", summary: "Merge small files into large ones", load: async () => (await import("./commands/compact.ts")).compact },
  vacuum: { group: "Alerts", summary: "Delete files that no reader can need", load: async () => (await import("./commands/vacuum.ts")).vacuum },
  start: { group: "Services", summary: "Start archive, compaction, ui or all", load: async () => (await import("./commands/start.ts")).start },
  stop: {
    group: "Services",
    summary: "Let services finish what they have in hand, and stop them",
    load: async () => (await import("./commands/stop.ts")).stop,
  },
  status: { group: "Services", summary: "What runs: rates, lag, last commit", load: async () => (await import("./commands/status.ts")).status },
  check: {
    group: "Set-up",
    summary: "Look at configuration, Kafka and lake, and say what to mend",
    load: async () => (await import("./commands/check.ts")).check,
  },
  config: {
    group: "Set-up",
    summary: "Print the configuration in force and where it comes from",
    load: async () => (await import("./commands/config.ts")).config,
  },
  test: { group: "Development", summary: "Run every check and test", load: async () => (await import("./commands/test.ts")).test },
  bench: { group: "Development", summary: "Measure speed, CPU and memory", load: async () => (await import("./commands/bench.ts")).bench },
  docs: { group: "Development", summary: "Write the generated pages anew", hidden: true, load: async () => (await import("./commands/docs.ts")).docs },
};
