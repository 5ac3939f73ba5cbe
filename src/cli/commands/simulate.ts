import { availableParallelism } from "node:os";
import { z } from "zod";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import type { ClassModel } from "../../simulator/classes/class.ts";
import { type Batch, packetsOf, type SimulationOptions } from "../../simulator/night/batch.ts";
import type { SimulationRun } from "../../simulator/night/simulate.ts";
import { evenly, paceNamed } from "../../simulator/pace.ts";
import { schemaFor } from "../../simulator/packets/schemas.ts";
import { telescopes, type SurveyName } from "../../simulator/survey/telescope.ts";
import { writeSchema } from "../../simulator/targets/files.ts";
import { type Destination, openTarget, parseDestination } from "../../simulator/targets/open.ts";
import { count, newTally } from "../../simulator/targets/tally.ts";
import type { OutgoingPacket, Target } from "../../simulator/targets/target.ts";
import type { TruthPaths, TruthWriter } from "../../simulator/truth/writer.ts";
import { mjdOfMs, msOfMjd } from "../../sky/time.ts";
import { type Command, type CommandContext, defineCommand } from "../command.ts";
import { ProgressBar } from "../progress.ts";
import { report, reportJson, send, stopSignal } from "../sending.ts";
import { flag } from "../flags.ts";

export interface SimulateEffects {
  readonly simulate: (options: SimulationOptions, run: SimulationRun) => AsyncIterable<Batch>;
  readonly openTruth: (paths: TruthPaths, survey: SurveyName) => Promise<TruthWriter>;
  readonly classes: readonly Pick<ClassModel, "name">[];
}

/** The sky and its models are loaded when they are used: help has no need of them. */
async function realEffects(): Promise<SimulateEffects> {
  const [night, truth, classes] = await Promise.all([
    import("../../simulator/night/simulate.ts"),
    import("../../simulator/truth/writer.ts"),
    import("../../simulator/classes/classes.ts"),
  ]);
  return { simulate: night.simulate, openTruth: truth.openTruth, classes: classes.classes };
}

const schemaVersions: Readonly<Record<SurveyName, readonly string[]>> = {
  ztf: ["4.02", "3.3"],
  lsst: ["9.0"],
};

const threads = Math.min(8, availableParallelism());

const flags = z.object({
  survey: flag("NAME", "ztf or lsst", z.string().default("ztf")),
  date: flag(
    "YYYY-MM-DD",
    "First night (UTC for ZTF, evening in Chile for LSST); 2026-09-14 by default",
    z.string().default("2026-09-14"),
  ),
  nights: flag("N", "How many nights, 1 by default", z.int().positive().max(10_000).default(1)),
  alerts: flag("N", "Alerts a night, 10000 by default", z.int().positive().default(10_000)),
  seed: flag(
    "N",
    "Another seed is another sky; the same gives the same bytes",
    z.int().min(0).default(1),
  ),
  schema: flag("VERSION", "Version of the packets: ZTF 4.02 (default) or 3.3, LSST 9.0"),
  rates: flag(
    "LIST",
    "Factors on the rates of classes, such as kilonova=100,type_ia=0",
    z.string().default(""),
  ),
  to: flag(
    "PLACE",
    "Folder, .tar.gz of one night, or kafka://host:9092/ztf_{date}_programid1, where {date} stands for YYYYMMDD of the night",
  ),
  archive: z.boolean().default(false).describe("In a folder: one .tar.gz a night"),
  cadence: flag(
    "SPEED",
    "fast (default), real: as the telescope sends them, or x60: so many times as fast",
    z.string().default("fast"),
  ),
  rate: flag("N", "Alerts a second, evenly", z.number().positive().optional()),
  truth: flag("FILE", "Write what is true of each alert and object into this Parquet file"),
  catalogues: flag("DIR", "Write catalogues of the simulated sky into this folder"),
  partitions: flag(
    "N",
    "Of topics that have to be made, 8 by default",
    z.int().positive().default(8),
  ),
  workers: flag(
    "N",
    "Threads, one per core and at most 8 by default; the result is the same",
    z.int().positive().default(threads),
  ),
});
type Flags = z.output<typeof flags>;

export const simulate = simulateCommand(realEffects);

export function simulateCommand(load: () => Promise<SimulateEffects>): Command {
  return defineCommand({
    arguments: "",
    description:
      "Makes nights of alerts of a synthetic sky whose truth is known, and writes or publishes them as the survey does. Files of the same name are replaced.",
    example: "./fink simulate --survey ztf --nights 3 --to ./alerts --truth truth.parquet",
    flags,
    async run(context, _, given) {
      const effects = await load();
      const survey = surveyNamed(given.survey);
      const options = optionsOf(survey, given, effects.classes);
      const destination = destinationOf(given);
      const pace =
        given.rate === undefined ? paceNamed(given.cadence, "--cadence") : evenly(given.rate);
      const { kafka } = context.config().config;
      const target = await openTarget(destination, {
        kafka,
        partitions: given.partitions,
        times: "now",
      });
      const { truth, catalogues } = given;
      const writer =
        truth === undefined && catalogues === undefined
          ? null
          : await openTruthOr(target, () => effects.openTruth({ truth, catalogues }, survey));
      const signal = stopSignal();
      const batches = effects.simulate(options, { workers: given.workers, signal });
      return await run({ context, options, destination, target, writer, batches, pace, signal });
    },
  });
}

async function openTruthOr(target: Target, open: () => Promise<TruthWriter>): Promise<TruthWriter> {
  try {
    return await open();
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

interface Simulation {
  readonly context: CommandContext;
  readonly options: SimulationOptions;
  readonly destination: Destination;
  readonly target: Target;
  readonly writer: TruthWriter | null;
  readonly batches: AsyncIterable<Batch>;
  readonly pace: ReturnType<typeof evenly>;
  readonly signal: AbortSignal;
}

async function run({
  context,
  options,
  destination,
  target,
  writer,
  batches,
  pace,
  signal,
}: Simulation): Promise<number> {
  const startedAt = performance.now();
  const bar = new ProgressBar(process.stderr, !context.json);
  const tally = newTally();
  const wanted = options.alerts * options.nights.length;
  let sent = 0;
  let truths: readonly string[] = [];
  try {
    if (options.survey === "lsst" && destination.kind !== "kafka")
      writeSchema(destination.folder, schemaFor("lsst"));
    await send(groupsOf(batches, options.survey), {
      target,
      pace,
      signal,
      sent: (packets) =>
        bar.show(
          (sent += packets.length) / wanted,
          `${packets[0].night}, ${sent} alerts, ${rate(sent, startedAt)}/s`,
        ),
      groupSent: async ({ batch, packets }) => {
        packets.forEach(({ night, bytes }, i) =>
          count(tally, night, batch.classes[i], bytes.length),
        );
        await writer?.add(batch);
      },
    });
    // an archive that was not finished is gone, and what was true of it goes with it
    if (target.delivered() === tally.packets) truths = (await writer?.close()) ?? [];
    else await writer?.discard();
  } catch (error) {
    await writer?.discard();
    throw error;
  } finally {
    bar.clear();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const isStopped = signal.aborted;
  if (context.json) {
    const { survey, seed, schema } = options;
    const sentTo = { delivered: target.delivered(), to: target.places() };
    context.print(
      JSON.stringify({
        survey,
        seed,
        schema,
        ...reportJson(tally, seconds),
        ...sentTo,
        truth: truths,
        stopped: isStopped,
      }),
    );
  } else {
    context.print(report(tally, "class", seconds));
    for (const line of where(destination, target, truths, options)) context.print(line);
    if (isStopped) context.print(`stopped early: ${target.delivered()} alerts are in their place`);
  }
  return isStopped ? 130 : 0;
}

function* where(
  destination: Destination,
  target: Target,
  truths: readonly string[],
  { survey }: SimulationOptions,
): Generator<string> {
  const places = target.places();
  const more = places.length > 3 ? ` and ${places.length - 3} more` : "";
  if (places.length > 0)
    yield `${destination.kind === "kafka" ? "published to" : "written to"} ${places.slice(0, 3).join(", ")}${more}`;
  if (truths.length > 0) yield `the truth is in ${truths.join(", ")}`;
  if (survey !== "lsst") return;
  const { id } = schemaFor("lsst");
  if (destination.kind === "kafka")
    yield `readers need the schema ${id}: ./fink simulate --survey lsst --alerts 1 --to DIR writes it as DIR/${id}.avsc (schemas.folder)`;
  else
    yield `their schema is ${destination.folder}/${id}.avsc: ./fink ingest --schemas ${destination.folder} ${destination.kind === "archive" ? destination.path : destination.folder}`;
}

async function* groupsOf(
  batches: AsyncIterable<Batch>,
  survey: SurveyName,
): AsyncGenerator<{ batch: Batch; packets: OutgoingPacket[] }> {
  for await (const batch of batches) yield { batch, packets: outgoing(batch, survey) };
}

function outgoing(batch: Batch, survey: SurveyName): OutgoingPacket[] {
  const { night, alertIds, objectIds, publishedAt } = batch;
  const extension = survey === "lsst" ? "bin" : "avro";
  const date = night.replaceAll("-", "");
  return Array.from(packetsOf(batch), (bytes, i) => {
    return {
      survey,
      night: date,
      name: `${alertIds[i]}.${extension}`,
      key: objectIds[i],
      publishedAt: publishedAt[i],
      bytes,
    };
  });
}

function surveyNamed(name: string): SurveyName {
  if (Object.hasOwn(telescopes, name)) return name as SurveyName;
  throw new FinkError(
    "usage",
    `--survey ${name}: there is no such survey${didYouMean(name, Object.keys(telescopes)) || "; write ztf or lsst"}`,
  );
}

function optionsOf(
  survey: SurveyName,
  given: Flags,
  classes: SimulateEffects["classes"],
): SimulationOptions {
  const versions = schemaVersions[survey];
  const schema = given.schema ?? versions[0];
  if (!versions.includes(schema))
    throw new FinkError(
      "usage",
      `--schema ${schema}: ${survey} packets have version ${versions.join(" or ")}`,
    );
  const { alerts, seed } = given;
  const names = classes.map(({ name }) => name);
  const nights = nightsFrom(given.date, given.nights, telescopes[survey].firstNight);
  return { survey, schema, nights, alerts, seed, rates: ratesOf(given.rates, names) };
}

function nightsFrom(date: string, count: number, firstNight: number): string[] {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(date) : NaN;
  if (Number.isNaN(day) || dateOf(day) !== date)
    throw new FinkError(
      "usage",
      `--date ${JSON.stringify(date)} is no date; write the night as YYYY-MM-DD`,
    );
  if (mjdOfMs(day) < firstNight)
    throw new FinkError(
      "usage",
      `--date ${date} is before the survey began; its first night is ${dateOf(msOfMjd(firstNight))}`,
    );
  return Array.from({ length: count }, (_, i) => dateOf(day + i * 86_400_000));
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function ratesOf(text: string, classes: readonly string[]): Record<string, number> {
  const rates: Record<string, number> = {};
  for (const part of text === "" ? [] : text.split(",")) {
    const [, name, factor] =
      /^\s*([^=]+?)\s*=\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/i.exec(part) ?? [];
    if (name === undefined)
      throw new FinkError(
        "usage",
        `--rates ${JSON.stringify(part)}: write CLASS=FACTOR, such as kilonova=100`,
      );
    if (!classes.includes(name)) {
      throw new FinkError(
        "usage",
        `--rates ${name}: there is no such class${didYouMean(name, classes) || `; there are ${classes.join(", ")}`}`,
      );
    }
    rates[name] = Number(factor);
  }
  return rates;
}

function destinationOf({ to, archive, nights, rate: perSecond, cadence }: Flags): Destination {
  if (to === undefined)
    throw new FinkError(
      "usage",
      "simulate needs a place for the alerts, such as --to ./alerts or --to kafka://localhost:9092/ztf_{date}_programid1",
    );
  if (perSecond !== undefined && cadence !== "fast")
    throw new FinkError("usage", "--rate and --cadence do not go together: choose one");
  const destination = parseDestination(to, archive);
  if (destination.kind === "archive" && nights > 1)
    throw new FinkError(
      "usage",
      `--to ${to} is for one night; for several write --to DIR --archive`,
    );
  if (destination.kind === "kafka" && archive)
    throw new FinkError("usage", "--archive is for folders, not for Kafka");
  return destination;
}

function rate(done: number, startedAt: number): number {
  return Math.round((1000 * done) / Math.max(1, performance.now() - startedAt));
}
