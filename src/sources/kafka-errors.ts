import { messageOf } from "../errors.ts";
import type { KafkaConfig } from "./kafka-connection.ts";

export type KafkaProblemKind = "unreachable" | "tls" | "credentials" | "topic" | "group" | "other";

/** What is wrong with the broker or how we talk to it, in one line that says what to do. */
export interface KafkaProblem {
  readonly kind: KafkaProblemKind;
  readonly message: string;
}

/** A wrong setting stays wrong until somebody mends it; everything else may pass by waiting. */
export function isMistake(problem: KafkaProblem): boolean {
  return problem.kind === "tls" || problem.kind === "credentials" || problem.kind === "group";
}

/**
 * The client's errors are trees of causes: the node that says most decides. `connected`: the
 * settings are known to work.
 */
export function explainKafka(error: unknown, kafka: KafkaConfig, connected = false): KafkaProblem {
  const seen = flatten(error);
  const facts: Facts = { kafka, seen, connected, at: addressIn(seen) ?? kafka.brokers.join(", ") };
  for (const rule of rules) {
    const problem = rule(facts);
    if (problem) return problem;
  }
  return { kind: "other", message: `Kafka at ${facts.at}: ${messageOf(seen.at(-1) ?? error)}` };
}

/** The response of the broker that came with the error, where there is one. */
export function responseIn<Response>(error: unknown): Response | undefined {
  return flatten(error).find((node) => node.response !== undefined)?.response as
    | Response
    | undefined;
}

interface ErrorNode {
  readonly message: string;
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly response?: unknown;
  readonly cert?: { readonly subjectaltname?: string };
}

interface Facts {
  readonly kafka: KafkaConfig;
  readonly seen: readonly ErrorNode[];
  readonly connected: boolean;
  /** host:port of the broker that failed */
  readonly at: string;
}

const rules: readonly ((facts: Facts) => KafkaProblem | null)[] = [
  wrongCertificate,
  wrongTls,
  wrongCredentials,
  notAllowed,
  wrongTopic,
  closedAtOnce,
  unreachable,
];

function wrongCertificate({ kafka, seen, at }: Facts): KafkaProblem | null {
  const altName = withCode(seen, "ERR_TLS_CERT_ALTNAME_INVALID");
  if (altName) {
    const names = altName.cert?.subjectaltname ?? "another host";
    return {
      kind: "tls",
      message: `the certificate of ${at} is for ${names}: write that name into kafka.brokers`,
    };
  }
  if (withCode(seen, "CERT_HAS_EXPIRED")) {
    return {
      kind: "tls",
      message: `the certificate of ${at} has expired: ask its owner for a new one and mind this machine's clock`,
    };
  }
  const untrusted = seen.find(
    ({ code }) =>
      typeof code === "string" && /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_UNTRUSTED/.test(code),
  );
  if (!untrusted) return null;
  const what =
    kafka.tls.ca === ""
      ? "set kafka.tls.ca to the PEM file of the authority that signed it"
      : `${kafka.tls.ca} (kafka.tls.ca) is not its authority`;
  return { kind: "tls", message: `the certificate of ${at} is not trusted: ${what}` };
}

function wrongTls({ kafka, seen, at }: Facts): KafkaProblem | null {
  const sasl = kafka.security.startsWith("sasl") ? "sasl_" : "";
  if (
    seen.some(
      ({ message, code }) =>
        message.startsWith("TLS handshake failed") ||
        code === "EPROTO" ||
        code === "ERR_SSL_WRONG_VERSION_NUMBER",
    )
  ) {
    return {
      kind: "tls",
      message: `${at} does not speak TLS: set kafka.security to ${sasl}plaintext or use the broker's TLS port`,
    };
  }
  const closedBeforeLogin =
    seen.some(({ message }) => message.startsWith("Cannot find a suitable SASL")) &&
    withMessage(seen, "Connection closed");
  if (
    withMessage(seen, "Broker requires TLS.") ||
    (closedBeforeLogin && kafka.security === "sasl_plaintext")
  ) {
    return { kind: "tls", message: `${at} speaks TLS: set kafka.security to ${sasl}ssl` };
  }
  return null;
}

function wrongCredentials({ kafka, seen, at }: Facts): KafkaProblem | null {
  const { mechanism, username } = kafka.sasl;
  if (withApiId(seen, "SASL_AUTHENTICATION_FAILED")) {
    const mend = "mend kafka.sasl.username and kafka.sasl.password or passwordFile";
    return {
      kind: "credentials",
      message: `${at} refuses user "${username}" (${mechanism}): ${mend}`,
    };
  }
  if (withApiId(seen, "UNSUPPORTED_SASL_MECHANISM")) {
    const offered = seen
      .map(({ response }) => (response as { mechanisms?: string[] } | undefined)?.mechanisms)
      .find(Boolean);
    return {
      kind: "credentials",
      message: `${at} does not offer ${mechanism}: set kafka.sasl.mechanism to ${offered?.join(" or ") ?? "another one"}`,
    };
  }
  if (withApiId(seen, "ILLEGAL_SASL_STATE")) {
    return {
      kind: "credentials",
      message: `${at} wants no password: set kafka.security to ${kafka.security === "sasl_ssl" ? "ssl" : "plaintext"}`,
    };
  }
  return null;
}

function notAllowed({ kafka, seen }: Facts): KafkaProblem | null {
  const who = kafka.security.startsWith("sasl") ? `user "${kafka.sasl.username}"` : "this client";
  if (withApiId(seen, "GROUP_AUTHORIZATION_FAILED")) {
    return {
      kind: "group",
      message: `${who} may not use consumer group "${kafka.group}": set kafka.group to one the broker's owner allows`,
    };
  }
  if (withApiId(seen, "TOPIC_AUTHORIZATION_FAILED")) {
    return {
      kind: "topic",
      message: `${who} may not read the topics ${kafka.topics.join(", ")}: ask the broker's owner`,
    };
  }
  return null;
}

function wrongTopic({ seen }: Facts): KafkaProblem | null {
  const unknown = seen.find(
    ({ message, apiId }) =>
      message.startsWith("Unknown topic ") ||
      apiId === "UNKNOWN_TOPIC_OR_PARTITION" ||
      apiId === "UNKNOWN_TOPIC_ID",
  );
  return unknown
    ? { kind: "topic", message: "a topic was deleted at the broker: looking again" }
    : null;
}

function closedAtOnce({ kafka, seen, connected, at }: Facts): KafkaProblem | null {
  if (connected || kafka.security.startsWith("sasl") || !withMessage(seen, "Connection closed"))
    return null;
  const secured = kafka.security === "ssl" ? "sasl_ssl" : "sasl_plaintext";
  const ours =
    kafka.security === "ssl" && kafka.tls.cert === ""
      ? " or a certificate of ours (kafka.tls.cert and key)"
      : "";
  return {
    kind: "credentials",
    message: `${at} closes the connection: it wants a password (kafka.security ${secured})${ours}`,
  };
}

function unreachable({ kafka, seen, at }: Facts): KafkaProblem | null {
  if (withCode(seen, "ENOTFOUND") || withCode(seen, "EAI_AGAIN")) {
    return { kind: "unreachable", message: `${at}: no such host: mend kafka.brokers` };
  }
  const announced =
    kafka.brokers.includes(at) || at.includes(",")
      ? ""
      : ` (the name the broker gives itself, not one of ${kafka.brokers.join(", ")})`;
  const down = [
    "ECONNREFUSED",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ETIMEDOUT",
    "ECONNRESET",
    "EPIPE",
    "PLT_KFK_NETWORK",
  ];
  if (!down.some((code) => withCode(seen, code))) return null;
  return {
    kind: "unreachable",
    message: `${at} cannot be reached${announced}: is the broker running, and kafka.brokers right?`,
  };
}

function withCode(seen: readonly ErrorNode[], code: string): ErrorNode | undefined {
  return seen.find((node) => node.code === code);
}

function withApiId(seen: readonly ErrorNode[], apiId: string): boolean {
  return seen.some((node) => node.apiId === apiId);
}

function withMessage(seen: readonly ErrorNode[], message: string): boolean {
  return seen.some((node) => node.message === message);
}

function addressIn(seen: readonly ErrorNode[]): string | undefined {
  return seen
    .map(({ message }) => /^Connection to (\S+) (failed|timed out)\.$/.exec(message)?.[1])
    .find(Boolean);
}

function flatten(error: unknown, into: ErrorNode[] = []): ErrorNode[] {
  if (!(error instanceof Error)) return into;
  into.push(error as ErrorNode);
  for (const inner of error instanceof AggregateError ? error.errors : []) flatten(inner, into);
  return flatten(error.cause, into);
}
