import { surveysOf } from "../archive/setup.ts";
import { SchemaRegistration } from "../avro/registration.ts";
import type { Config } from "../config/schema.ts";
import { secretOf } from "../config/secrets.ts";
import { defaultKafkaTarget, type TargetConfig, type TargetOf } from "../config/targets.ts";
import { FinkError } from "../errors.ts";
import { emailTarget } from "./email.ts";
import { filesTarget } from "./files.ts";
import { type KafkaTargetOptions, KafkaTarget } from "./kafka.ts";
import type { Target } from "./target.ts";
import { WebhookTarget } from "./webhook.ts";

/** The targets of the configuration by name; `kafka` is always there. */
export function targetsOf({ delivery }: Config): ReadonlyMap<string, TargetConfig> {
  return new Map(Object.entries({ kafka: defaultKafkaTarget, ...delivery.targets }));
}

export function openTarget(name: string, target: TargetConfig, config: Config): Target {
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

/** Options of a Kafka target: where it says no brokers, those of the source, with their protection. */
function kafkaOptions(name: string, target: TargetOf<"kafka">, config: Config): KafkaTargetOptions {
  const { brokers, security, sasl, tls, format, compression, partitions, retentionDays } = target;
  const isOwn = brokers.length > 0;
  const kafka = isOwn ? { ...config.kafka, brokers, security, sasl, tls } : config.kafka;
  const givenBy = isOwn ? `delivery.targets.${name}.brokers` : "kafka.brokers";
  const registration = format === "confluent" ? registrationOf(name, target, config) : null;
  return { name, kafka, givenBy, format, compression, partitions, retentionDays, registration };
}

function registrationOf(name: string, { registry }: TargetOf<"kafka">, { schemas }: Config): SchemaRegistration {
  const url = registry || schemas.registry;
  if (url === "") throw new FinkError("config", `delivery.targets.${name}: format confluent needs a registry, such as http://localhost:8081`);
  return new SchemaRegistration({ registry: url, username: schemas.username, password: secretOf(schemas, "schemas") });
}
