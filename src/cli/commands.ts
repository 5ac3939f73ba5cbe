import type { Command, CommandTable } from "./command.ts";

/** Every command by group, with its summary; its file in `commands/` exports it under its name. */
const groups: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "First steps": { demo: "Make a night of alerts, archive it and show it" },
  Alerts: {
    simulate: "Make nights of alerts with known truth: files or Kafka",
    replay: "Send archived alerts again, with their spacing",
    ingest: "Archive files of alerts",
    retry: "Read again what waits in the rejected tables",
    query: "SQL over the lake",
    science: "What is computed on each alert; try a module of your own",
    model: "ONNX models that score alerts",
    filter: "Select alerts: check, test, explain and rerun filters",
    lake: "Tables of the lake; widen their columns",
    export: "Bring the rows of a query to a file or to Kafka",
    deliveries: "What was sent where, what failed; send dead letters again",
    catalog: "Catalogues that alerts are matched with",
    account: "Where every alert is: received, archived, enriched, matched",
    aggregation: "Counts of alerts in windows of time; try one of your own",
    places: "Watch lists and areas that filters may name",
    compact: "Merge small files into large ones",
    vacuum: "Delete files that no reader can need",
  },
  Services: {
    start: "Start archive, compaction, ui or all",
    stop: "Let services finish what they have in hand, and stop them",
    status: "What runs: rates, lag, last commit",
  },
  "Set-up": {
    check: "Look at configuration, Kafka and lake, and say what to mend",
    config: "Print the configuration in force and where it comes from",
  },
  Development: {
    test: "Run every check and test",
    bench: "Measure speed, CPU and memory",
    docs: "Write the generated pages anew",
  },
};

const hidden = ["docs"];

export const commands: CommandTable = Object.fromEntries(
  Object.entries(groups).flatMap(([group, summaries]) =>
    Object.entries(summaries).map(([name, summary]) => {
      const load = async () =>
        ((await import(`./commands/${name}.ts`)) as Readonly<Record<string, Command>>)[name];
      return [name, { group, summary, hidden: hidden.includes(name), load }];
    }),
  ),
);
