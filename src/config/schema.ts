import { z } from "zod";
import "./plain-issues.ts";
import { broker, group, kafkaProtection, path, secret, targetSchema } from "./targets.ts";

const isStart = (text: string) =>
  text === "earliest" || text === "latest" || !Number.isNaN(Date.parse(text));
const start = z
  .string()
  .refine(isStart, "allowed are earliest, latest or a time such as 2026-01-31T00:00:00Z");

/** One of `science.qualityCuts`: column, sign, number. */
export const cutPattern = /^([A-Za-z_][\w.]*) *(=|!=|<=?|>=?) *(-?\d+(?:\.\d+)?)$/;

/**
 * Every key of `conf/fink.yaml`, its default and its description: help, docs, checks and `FINK_*`
 * variables come from here.
 */
export const configSchema = z.strictObject({
  lake: path.default("lake").describe("Folder of the lake; relative to FINK_HOME"),
  surveys: path
    .default("")
    .describe("Folder with survey definitions of your own (*.yaml), added to the shipped ones"),
  kafka: group({
    brokers: z
      .array(broker)
      .min(1)
      .default(["localhost:9092"])
      .describe("host:port of one or more brokers"),
    topics: z
      .array(z.string())
      .min(1)
      .default(["ztf_*_programid1"])
      .describe(
        "Topics to archive; * stands for anything, new topics that match are taken up while running",
      ),
    group: z
      .string()
      .default("fink-archive")
      .describe("Consumer group; archives of one group share the partitions"),
    start: start
      .default("earliest")
      .describe(
        "Where a partition nobody read yet begins: earliest, latest, or a time such as 2026-01-31T00:00:00Z",
      ),
    survey: z
      .string()
      .default("")
      .describe(
        "Survey of topics that no survey definition claims; empty: the first word of the topic's name",
      ),
    discoverSeconds: z
      .number()
      .positive()
      .default(30)
      .describe("How often new topics are looked for"),
    ...kafkaProtection,
  }),
  files: group({
    watch: z
      .array(path)
      .default([])
      .describe("Folders whose new files the archive service takes in, beside Kafka"),
    everySeconds: z.number().positive().default(5).describe("How often they are looked at"),
  }),
  schemas: group({
    folder: path
      .default("")
      .describe("Folder of <id>.avsc files for messages in Confluent wire format"),
    registry: z
      .string()
      .default("")
      .describe("URL of a schema registry, asked for ids the folder does not have"),
    username: z.string().default("").describe("User of the registry"),
    password: secret.default("").describe("Password of the registry"),
    passwordFile: path
      .default("")
      .describe("File that holds the registry's password, instead of `password`"),
    bare: path
      .default("")
      .describe(
        "Schema (.avsc) of messages that are bare Avro data, with neither container nor schema id",
      ),
  }),
  archive: group({
    sources: z
      .array(z.enum(["kafka", "files"]))
      .default(["kafka"])
      .describe("What the archive service reads"),
    triggerSeconds: z
      .number()
      .positive()
      .default(1)
      .describe("A batch is committed after this time at the latest"),
    batchAlerts: z.int().positive().default(1000).describe("… or when it holds so many alerts"),
    batchMegabytes: z.number().positive().default(32).describe("… or so many megabytes"),
    workers: z
      .int()
      .min(0)
      .default(0)
      .describe("Threads that decode and write; 0: one per core but one, from 1 to 4"),
    maxMessageMegabytes: z
      .number()
      .positive()
      .default(256)
      .describe("A message that decompresses to more than this is rejected"),
  }),
  science: group({
    modules: path
      .default("science")
      .describe("Folder with science modules of your own (*.ts); relative to FINK_HOME"),
    models: path.default("").describe("Folder of ONNX models; empty: .fink/models within the lake"),
    blazars: path
      .default("")
      .describe(
        "Parquet file with the blazars that CTAO monitors (fink-science's CTAO_blazars_ztf_dr*.parquet): turns blazar_stats on",
      ),
    batchAlerts: z
      .int()
      .positive()
      .default(2000)
      .describe("Alerts computed and committed at once, about: files of raw are not cut"),
    workers: z
      .int()
      .min(0)
      .default(0)
      .describe("Threads that compute; 0: one per core but one, from 1 to 8"),
    limitSeconds: z
      .number()
      .positive()
      .default(30)
      .describe(
        "A module that takes longer for a batch is left out of it: its columns are null there",
      ),
    qualityCuts: z
      .record(
        z.string(),
        z.array(
          z
            .string()
            .regex(cutPattern, "write a column, a sign and a number, e.g. candidate.rb >= 0.55"),
        ),
      )
      .default({ ztf: ["candidate.nbad = 0", "candidate.rb >= 0.55", "candidate.fid != 3"] })
      .describe(
        "By survey, what an alert has to meet to get the flag passes_quality_cuts; signs are =, !=, <, <=, >, >=. Nothing is left out by it",
      ),
    recentNights: z
      .int()
      .positive()
      .default(7)
      .describe(
        "The newest nights of the lake, whose alerts are asked about again where an answer is missing or a catalogue grew",
      ),
    changesMinutes: z
      .number()
      .positive()
      .default(10)
      .describe(
        "How often modules are asked what their catalogues have learnt of earlier alerts; each minute while alerts wait for an answer",
      ),
    remote: group({
      services: z
        .array(z.enum(["simbad", "gaia", "gaiavar", "vsx", "spicy", "legacy", "tns"]))
        .default([])
        .describe(
          "Services asked about each alert, whose position is sent to CDS (X-match); tns: its list of objects is fetched each day",
        ),
      waitSeconds: z
        .number()
        .min(0)
        .default(2)
        .describe("How long a batch waits for an answer; what comes later is written as an update"),
      timeoutSeconds: z
        .number()
        .positive()
        .default(60)
        .describe(
          "A request that takes longer has failed; of a service that fails the next is asked after a pause",
        ),
      perSecond: z
        .number()
        .positive()
        .default(2)
        .describe("Requests a second to one service at most, each of up to 10,000 positions"),
      cds: z
        .string()
        .default("http://cdsxmatch.u-strasbg.fr/xmatch/api/v1/sync")
        .describe("URL of the CDS X-match service"),
      tns: z
        .string()
        .default(
          "https://www.wis-tns.org/system/files/tns_public_objects/tns_public_objects.csv.zip",
        )
        .describe("URL of the list of the Transient Name Server"),
      tnsMarker: z
        .string()
        .default("")
        .describe("User agent that TNS wants of a bot: tns_marker{…}"),
      password: secret.default("").describe("API key of TNS"),
      passwordFile: path
        .default("")
        .describe("File that holds the API key of TNS, instead of `password`"),
    }),
  }),
  filters: group({
    folder: path
      .default("filters")
      .describe(
        "Folder with filters of your own, <survey>/<name>.sql or .ts, beside the shipped ones; relative to FINK_HOME",
      ),
    watchlists: path
      .default("watchlists")
      .describe(
        "Folder with watch lists: CSV, Parquet, FITS or VOTable files; relative to FINK_HOME",
      ),
    areas: path
      .default("areas")
      .describe("Folder with areas of the sky: JSON or FITS files; relative to FINK_HOME"),
    shipped: z.boolean().default(true).describe("Whether the filters that come with Fink run too"),
    batchAlerts: z
      .int()
      .positive()
      .default(4000)
      .describe("Alerts that filters are run on at once, about: files of science are not cut"),
    seconds: z
      .number()
      .positive()
      .default(5)
      .describe("A filter that takes longer for a batch is stopped"),
    memory: z
      .string()
      .regex(/^\d+(MB|GB)$/, "write a number with MB or GB")
      .default("500MB")
      .describe("What filters may have of memory, together"),
    maxFailures: z
      .int()
      .positive()
      .default(5)
      .describe(
        "A filter that fails in so many batches in a row is switched off until its file is saved again",
      ),
  }),
  aggregation: group({
    folder: path
      .default("aggregations")
      .describe("Folder with aggregations of your own (<survey>/*.sql); relative to FINK_HOME"),
    everySeconds: z
      .number()
      .positive()
      .default(10)
      .describe("How often the aggregation service looks for new alerts"),
  }),
  delivery: group({
    targets: z
      .record(
        z.string().regex(/^[a-z][a-z0-9_-]*$/, "write lower case letters, digits, - and _"),
        targetSchema,
      )
      .default({})
      .describe(
        "Where matches go besides `kafka`, by the name that filters have in their header (deliver:); see docs/delivery.md",
      ),
    newTargetHours: z
      .number()
      .min(0)
      .default(24)
      .describe(
        "A new target, or a target that a filter is new to, gets the alerts published in the last so many hours",
      ),
  }),
  compaction: group({
    everyMinutes: z
      .number()
      .positive()
      .default(10)
      .describe("How often the compaction service looks for small files"),
    targetMegabytes: z.number().positive().default(128).describe("Size of the files it makes"),
    keepDays: z
      .number()
      .min(0)
      .default(7)
      .describe("Vacuum keeps files that were replaced within this time"),
  }),
  ui: group({
    host: z
      .string()
      .default("127.0.0.1")
      .describe("Address the pages are served on; 0.0.0.0 opens them to the network"),
    port: z.int().min(0).max(65535).default(5000).describe("Port of the pages"),
    publicUrl: z
      .union([z.literal(""), z.url({ protocol: /^https?$/ })])
      .default("")
      .describe(
        "Address by which readers reach the pages, e.g. https://fink.example.org; requests under other names than this, ui.hosts and localhost are refused",
      ),
    hosts: z.array(z.string()).default([]).describe("More names by which readers reach the pages"),
    trustProxy: z
      .boolean()
      .default(false)
      .describe(
        "The pages stand behind a proxy: the rate limit then counts the last address in X-Forwarded-For. Without a proxy, any client could write one",
      ),
  }),
  api: group({
    survey: z
      .enum(["ztf", "lsst"])
      .default("ztf")
      .describe(
        "Survey of requests at /api/v1/ whose arguments do not tell; /api/v1/ztf/ and /api/v1/lsst/ always do",
      ),
    elsewhere: z
      .boolean()
      .default(true)
      .describe(
        "Whether a request may have a name looked up at CDS (resolver) and a sky map fetched from GraceDB (skymap); false: nobody is asked",
      ),
    requestsPerMinute: z
      .int()
      .min(0)
      .default(1200)
      .describe("Requests that one address may make to /api/ in a minute; 0: as many as it likes"),
    sqlSeconds: z
      .number()
      .positive()
      .default(30)
      .describe("A query at /api/v1/sql is ended after this time"),
    sqlRows: z.int().positive().default(100_000).describe("… and gives so many rows at most"),
    sqlMegabytes: z.int().min(64).default(512).describe("… and takes so much memory"),
    sqlSpillMegabytes: z
      .int()
      .min(0)
      .default(2048)
      .describe("… and so much of the disk for what does not fit into it"),
    sqlAnswerMegabytes: z
      .int()
      .positive()
      .default(64)
      .describe("… and gives so many megabytes at most"),
  }),
  log: group({
    level: z
      .enum(["debug", "info", "warn", "error", "silent"])
      .default("info")
      .describe("Least important line to write"),
  }),
});

export type Config = z.output<typeof configSchema>;
