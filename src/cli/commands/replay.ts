import { z } from "zod";
import type { Config } from "../../config/schema.ts";
import { FinkError } from "../../errors.ts";
import { evenly, type Pace, paceNamed } from "../../simulator/pace.ts";
import { writeSchema } from "../../simulator/targets/files.ts";
import { type Destination, openTarget, parseDestination } from "../../simulator/targets/open.ts";
import { count, newTally } from "../../simulator/targets/tally.ts";
import type { Target } from "../../simulator/targets/target.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { ProgressBar } from "../progress.ts";
import { ReplayedFiles } from "../replay/files.ts";
import { ReplayedNight } from "../replay/lake.ts";
import { type OutgoingGroup, report, reportJson, send, stopSignal } from "../sending.ts";
import { flag, matching } from "../flags.ts";

const flags = z.object({
  survey: flag("NAME", "Survey of the alerts; in a lake of several, the one to take"),
  night: flag(
    "YYYYMMDD",
    "Only alerts of this night; of a lake one has to be chosen",
    matching(/^\d{8}$/, "write the night as YYYYMMDD"),
  ),
  to: flag("PLACE", "Folder, .tar.gz, or kafka://host:9092/topic with {survey} and {date} in it"),
  archive: z.boolean().default(false).describe("In a folder: one .tar.gz a night"),
  speed: flag(
    "SPEED",
    "real: with the original spacing (default for Kafka), x10: so many times as fast, fast (default for files)",
  ),
  rate: flag("N", "Alerts a second, evenly", z.number().positive().optional()),
  keepTimes: z
    .boolean()
    .default(false)
    .describe(
      "Kafka's time of a message is the original one, not now; a topic that is there already deletes what is older than its retention.ms",
    ),
  partitions: flag(
    "N",
    "Of topics that have to be made, 8 by default",
    z.int().positive().default(8),
  ),
  schemas: flag("DIR", "Folder of <id>.avsc files, for messages in Confluent wire format"),
});
type Flags = z.output<typeof flags>;

/** Alerts that were opened to be sent. */
interface Source {
  readonly alerts: number;
  readonly groups: AsyncIterable<OutgoingGroup>;
  close(): void;
  /** What the user should know of them, once they are sent. */
  notes(): string[];
}

export const replay = defineCommand({
  arguments: "PATH…",
  description:
    "Sends alerts again, in the order and with the spacing of their observation: files as `ingest` reads them, byte for byte, or with the word lake a night of the lake.\nAlerts of a lake are written with their own schema where it is at hand (--schemas), else with one made from the table's columns.",
  example:
    "./fink replay lake --survey ztf --night 20260131 --to kafka://localhost:9092/ztf_{date}_programid1 --speed x10",
  flags,
  async run(context, paths, given) {
    const destination = destinationOf(given);
    const pace = paceOf(given, destination);
    const { config } = context.config({ "schemas.folder": given.schemas });
    const times = given.keepTimes ? "original" : "now";
    const signal = stopSignal();
    const bar = new ProgressBar(process.stderr, !context.json);
    const source = await openSource(context, paths, given, config, destination, signal, bar);
    try {
      if (source.alerts === 0)
        throw new FinkError(
          "usage",
          `no alerts${given.night === undefined ? "" : ` of night ${given.night}`} in ${paths.join(", ")}`,
        );
      const target = await openTarget(destination, {
        kafka: config.kafka,
        partitions: given.partitions,
        times,
      });
      return await replayTo({ context, source, target, pace, signal, bar });
    } finally {
      bar.clear();
      source.close();
    }
  },
});

async function openSource(
  context: CommandContext,
  paths: readonly string[],
  { survey, night }: Flags,
  config: Config,
  destination: Destination,
  signal: AbortSignal,
  bar: ProgressBar,
): Promise<Source> {
  if (paths.length === 1 && paths[0] === "lake")
    return await openNight(config, survey, night, destination, signal);
  const warn = (message: string) => {
    bar.clear();
    context.warn(message);
  };
  const progress = ({
    bytesDone,
    bytesTotal,
    filesDone,
    filesTotal,
  }: {
    bytesDone: number;
    bytesTotal: number;
    filesDone: number;
    filesTotal: number;
  }) =>
    bar.show(
      bytesDone / Math.max(1, bytesTotal),
      `looking at the times: ${filesDone}/${filesTotal} files`,
    );
  const files = await ReplayedFiles.open({ paths, config, survey, night, warn, progress }, signal);
  return {
    alerts: files.alerts,
    groups: files.groups(),
    close: () => files.close(),
    notes: () => [],
  };
}

async function openNight(
  config: Config,
  survey: string | undefined,
  night: string | undefined,
  destination: Destination,
  signal: AbortSignal,
): Promise<Source> {
  if (night === undefined)
    throw new FinkError(
      "usage",
      "a night of the lake has to be chosen, such as --night 20260131; see ./fink lake list",
    );
  const schemas = new Map<number, string>();
  const rows = await ReplayedNight.open(config, survey, night, ({ id, text }) => {
    schemas.set(id, text);
    if (destination.kind !== "kafka") writeSchema(destination.folder, { id, text });
  });
  const ids = () =>
    [...schemas.keys()].map((id) =>
      destination.kind === "kafka" ? String(id) : `${destination.folder}/${id}.avsc`,
    );
  return {
    alerts: rows.alerts,
    groups: rows.groups(signal),
    close: () => rows.close(),
    notes: () => [
      ...(schemas.size > 0 ? [`their schema is ${ids().join(", ")} (schemas.folder)`] : []),
      ...(rows.derived.size > 0
        ? [
            `written with a schema made from the table's columns, as ${[...rows.derived].join(", ")} is not at hand`,
          ]
        : []),
    ],
  };
}

interface Replay {
  readonly context: CommandContext;
  readonly source: Source;
  readonly target: Target;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly bar: ProgressBar;
}

async function replayTo({ context, source, target, pace, signal, bar }: Replay): Promise<number> {
  const startedAt = performance.now();
  const tally = newTally();
  await send(source.groups, {
    target,
    pace,
    signal,
    sent: (packets) => {
      for (const { night, survey, bytes } of packets) count(tally, night, survey, bytes.length);
      bar.show(tally.packets / source.alerts, `${tally.packets} of ${source.alerts} alerts`);
    },
  });
  bar.clear();
  const seconds = (performance.now() - startedAt) / 1000;
  const places = target.places();
  const stopped = signal.aborted;
  if (context.json) {
    context.print(
      JSON.stringify({
        ...reportJson(tally, seconds),
        delivered: target.delivered(),
        to: places,
        notes: source.notes(),
        stopped,
      }),
    );
  } else {
    context.print(report(tally, "survey", seconds));
    if (places.length > 0)
      context.print(
        `sent to ${places.slice(0, 3).join(", ")}${places.length > 3 ? ` and ${places.length - 3} more` : ""}`,
      );
    for (const note of source.notes()) context.print(note);
    if (stopped) context.print(`stopped early: ${target.delivered()} alerts are in their place`);
  }
  return stopped ? 130 : 0;
}

function destinationOf({ to, archive, rate, speed }: Flags): Destination {
  if (to === undefined)
    throw new FinkError(
      "usage",
      "replay needs a place for the alerts, such as --to kafka://localhost:9092/ztf_{date}_programid1 or --to ./alerts",
    );
  if (rate !== undefined && speed !== undefined)
    throw new FinkError("usage", "--rate and --speed do not go together: choose one");
  return parseDestination(to, archive);
}

function paceOf({ rate, speed }: Flags, { kind }: Destination): Pace {
  if (rate !== undefined) return evenly(rate);
  return paceNamed(speed ?? (kind === "kafka" ? "real" : "fast"), "--speed");
}
