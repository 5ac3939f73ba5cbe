import { inspect } from "node:util";
import { surveysOf } from "../archive/setup.ts";
import { SchemaRegistration } from "../avro/registration.ts";
import type { Config } from "../config/schema.ts";
import { secretMask, secretOf, urlSecrets, withoutUserinfo } from "../config/secrets.ts";
import { defaultKafkaTarget, type TargetConfig, type TargetOf } from "../config/targets.ts";
import { FinkError, messageOf } from "../errors.ts";
import { emailTarget } from "./email.ts";
import { filesTarget } from "./files.ts";
import { type KafkaTargetOptions, KafkaTarget } from "./kafka.ts";
import type { Target } from "./target.ts";
import { WebhookTarget } from "./webhook.ts";

/** The targets of the configuration by name; `kafka` is always there. */
export function targetsOf({ delivery }: Config): ReadonlyMap<string, TargetConfig> {
  return new Map(Object.entries({ kafka: defaultKafkaTarget, ...delivery.targets }));
}

/**
 * A target whose errors and refusals hold none of its secrets: they go to the log, the status and
 * the delivery log.
 */
export function openTarget(name: string, options: TargetConfig, config: Config): Target {
  const mask = targetMask(options);
  const masked = (error: unknown) => {
    const all = inspect(error, { depth: 10 }); // with its causes, which the log shows too
    if (mask(all) === all) return error;
    return new FinkError(
      error instanceof FinkError ? error.code : "delivery",
      mask(messageOf(error)),
    );
  };
  try {
    const target = unmasked(name, options, config);
    return {
      name,
      batch: target.batch,
      images: target.images,
      ...(target.due && { due: target.due.bind(target) }),
      async send(messages, signal) {
        try {
          return (await target.send(messages, signal)).map(({ message, reason }) => ({
            message,
            reason: mask(reason),
          }));
        } catch (error) {
          throw masked(error);
        }
      },
      close: () => target.close(),
    };
  } catch (error) {
    throw masked(error);
  }
}

/** Masks the secrets of a target in a text. */
export function targetMask(target: TargetConfig): (text: string) => string {
  switch (target.kind) {
    case "kafka":
      return secretMask([...passwordsOf(target.sasl), ...urlSecrets(target.registry)]);
    case "webhook": {
      const { pathname, search } = new URL(target.url);
      return secretMask([
        target.url,
        ...urlSecrets(target.url),
        ...(pathname === "/" ? [] : [pathname + search]),
        target.secret,
        ...Object.values(target.headers),
      ]);
    }
    case "email":
      return secretMask([...passwordsOf(target), ...urlSecrets(target.smtp)]);
    case "files":
      return withoutUserinfo;
  }
}

function passwordsOf(holder: {
  readonly password: string;
  readonly passwordFile: string;
}): string[] {
  try {
    return [holder.password, secretOf(holder, "")];
  } catch {
    return [holder.password]; // a file that cannot be read is told of when it is needed
  }
}

function unmasked(name: string, target: TargetConfig, config: Config): Target {
  switch (target.kind) {
    case "kafka":
      return new KafkaTarget(kafkaOptions(name, target, config));
    case "webhook":
      return new WebhookTarget(name, target);
    case "email":
      return emailTarget(name, target);
    case "files":
      return filesTarget(name, target, (survey) => surveysOf(config).named(survey));
  }
}

/**
 * Options of a Kafka target: where it says no brokers, those of the source, with their protection.
 */
function kafkaOptions(name: string, target: TargetOf<"kafka">, config: Config): KafkaTargetOptions {
  const { brokers, security, sasl, tls, format, compression, partitions, retentionDays } = target;
  const isOwn = brokers.length > 0;
  const kafka = isOwn ? { ...config.kafka, brokers, security, sasl, tls } : config.kafka;
  const givenBy = isOwn ? `delivery.targets.${name}.brokers` : "kafka.brokers";
  const registration = format === "confluent" ? registrationOf(name, target, config) : null;
  return { name, kafka, givenBy, format, compression, partitions, retentionDays, registration };
}

function registrationOf(
  name: string,
  { registry }: TargetOf<"kafka">,
  { schemas }: Config,
): SchemaRegistration {
  const url = registry || schemas.registry;
  if (url === "")
    throw new FinkError(
      "config",
      `delivery.targets.${name}: format confluent needs a registry, such as http://localhost:8081`,
    );
  return new SchemaRegistration({
    registry: url,
    username: schemas.username,
    password: secretOf(schemas, "schemas"),
  });
}
