import { z } from "zod";

/** A file or folder: made absolute when the configuration is loaded. */
export const path = z.string().meta({ path: true });
export const secret = z.string().meta({ secret: true });
export const broker = z.string().regex(/^.+:\d{1,5}$/, "write host:port, e.g. localhost:9092");

/** Keys that belong together; all of them have defaults. */
export function group<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = z.strictObject(shape);
  return keys.prefault({} as z.input<typeof keys>);
}

/** How a connection to Kafka is protected: of the alerts that come in, and of those that go out. */
export const kafkaProtection = {
  security: z
    .enum(["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"])
    .default("plaintext")
    .describe("Protection of the connection"),
  sasl: group({
    mechanism: z
      .enum(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
      .default("SCRAM-SHA-512")
      .describe("How the password is proved"),
    username: z.string().default("").describe("User name"),
    password: secret.default("").describe("Password"),
    passwordFile: path.default("").describe("File that holds the password, instead of `password`"),
  }),
  tls: group({
    ca: path
      .default("")
      .describe(
        "PEM file of the authority that signed the broker's certificate; empty: the system's",
      ),
    cert: path
      .default("")
      .describe("PEM file of our own certificate, where the broker asks for one"),
    key: path.default("").describe("PEM file of our own key"),
  }),
};

const credentials = {
  username: z.string().default("").describe("User"),
  password: secret.default("").describe("Password"),
  passwordFile: path.default("").describe("File that holds the password, instead of `password`"),
};

const kafka = z.strictObject({
  kind: z.literal("kafka"),
  brokers: z
    .array(broker)
    .default([])
    .describe(
      "host:port of one or more brokers; empty: those of kafka.brokers, with their security",
    ),
  ...kafkaProtection,
  format: z
    .enum(["fink", "confluent", "json"])
    .default("fink")
    .describe(
      "fink: Avro with its schema as the key, as fink-client reads it; confluent: with the number of its schema at a registry; json",
    ),
  registry: z
    .string()
    .default("")
    .describe("URL of the registry for format confluent; empty: schemas.registry"),
  compression: z.enum(["none", "gzip", "zstd"]).default("zstd").describe("Of what is sent"),
  partitions: z.int().positive().default(4).describe("Of topics that have to be made"),
  retentionDays: z
    .number()
    .min(0)
    .default(7)
    .describe("How long the broker keeps messages of topics that have to be made; 0: as it likes"),
});

const webhook = z.strictObject({
  kind: z.literal("webhook"),
  url: z
    .url({ protocol: /^https?$/ })
    .meta({ secret: true })
    .describe("Where to POST"),
  secret: secret
    .regex(/^(whsec_[A-Za-z0-9+/]+=*)?$/, "write whsec_ and the key in base64")
    .default("")
    .describe(
      "Signs each message as Standard Webhooks wants it: whsec_ and base64; empty: no signature",
    ),
  template: z
    .enum(["none", "slack", "telegram", "ntfy"])
    .default("none")
    .describe("none: the alert as JSON; else a text as that service takes it"),
  text: z
    .string()
    .default("{filter}: {object} at RA {ra}, Dec {dec}, MJD {mjd}")
    .describe("Text for a template; {…} are fields of the match or dotted columns of the alert"),
  chat: z.string().default("").describe("Chat of Telegram (chat_id)"),
  headers: z
    .record(z.string(), secret)
    .default({})
    .meta({ secret: true })
    .describe("Headers to add, such as authorization"),
  parallel: z.int().min(1).max(64).default(4).describe("Requests at a time"),
  timeoutSeconds: z.number().positive().default(10).describe("An answer has to come within"),
  attempts: z
    .int()
    .positive()
    .default(8)
    .describe("A message that fails so often, while others get through, becomes a dead letter"),
  allowPrivate: z
    .boolean()
    .default(false)
    .describe("Allow addresses that are not of the public Internet"),
});

const email = z.strictObject({
  kind: z.literal("email"),
  to: z.array(z.string().includes("@")).min(1).describe("Addresses"),
  from: z.string().includes("@").describe("Sender"),
  smtp: z.string().meta({ secret: true }).describe("Mail server: smtp://host:587, smtps://host"),
  ...credentials,
  everyMinutes: z
    .number()
    .positive()
    .default(60)
    .describe("A digest is sent so often, when there is something to say"),
  nightlyAtHour: z
    .number()
    .min(0)
    .max(24)
    .optional()
    .describe("Instead once a day at this hour, UTC"),
});

const files = z.strictObject({
  kind: z.literal("files"),
  folder: path.describe("Where a folder for each filter is made"),
  format: z
    .enum(["avro", "parquet", "voevent"])
    .default("avro")
    .describe("avro and parquet: a file for each batch; voevent: an XML file for each alert"),
});

/** One entry of `delivery.targets`. */
export const targetSchema = z.discriminatedUnion("kind", [kafka, webhook, email, files]);
export type TargetConfig = z.output<typeof targetSchema>;
export type TargetOf<Kind extends TargetConfig["kind"]> = Extract<
  TargetConfig,
  { readonly kind: Kind }
>;
export const defaultKafkaTarget: TargetOf<"kafka"> = kafka.parse({ kind: "kafka" });
