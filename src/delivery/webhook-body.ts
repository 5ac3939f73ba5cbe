import { createHmac } from "node:crypto";
import type { TargetOf } from "../config/targets.ts";
import { type Json, jsonAt, jsonOf, withoutBulk } from "./json.ts";
import type { Message } from "./target.ts";

export interface WebhookRequest {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What is posted of a match. The id, and so the signature's input but for its time, is the same
 * whenever it is sent.
 */
export function requestOf(
  message: Message,
  options: TargetOf<"webhook">,
  now: number,
): WebhookRequest {
  const event = () => eventOf(message);
  return requestWith(
    {
      id: message.id,
      title: message.filter.name,
      text: () => textOf(options.text, message),
      event,
    },
    options,
    now,
  );
}

/** What is posted, as a text or as an event. */
export interface Posting {
  readonly id: string;
  readonly title: string;
  text(): string;
  event(): Json;
}

export function requestWith(
  { id, title, text, event }: Posting,
  options: TargetOf<"webhook">,
  now: number,
): WebhookRequest {
  const { template, secret, headers } = options;
  const json = { "content-type": "application/json", ...headers };
  switch (template) {
    case "slack":
      return {
        body: JSON.stringify({
          text: text().replace(
            /[&<>]/g,
            (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]!,
          ),
        }),
        headers: json,
      };
    case "telegram":
      return { body: JSON.stringify({ chat_id: options.chat, text: text() }), headers: json };
    case "ntfy":
      return {
        body: text(),
        headers: { "content-type": "text/plain; charset=utf-8", title, ...headers },
      };
    default: {
      const body = JSON.stringify(event());
      return { body, headers: { ...json, ...signatureOf(id, body, secret, now) } };
    }
  }
}

/** Headers of Standard Webhooks (standardwebhooks.com): HMAC-SHA-256 over `id.timestamp.body`. */
export function signatureOf(
  id: string,
  body: string,
  secret: string,
  now: number,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (secret === "") return headers;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  return {
    ...headers,
    "webhook-signature": `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
  };
}

/** The alert as people want it: without bytes and lists, unless the filter names its columns. */
function eventOf(message: Message): Json {
  const { match, survey, filter, alert, columns, id } = message;
  return {
    type: "alert.matched",
    timestamp: new Date(Number(match.matched_at / 1000n)).toISOString(),
    data: {
      id,
      survey,
      ...matchJson(message),
      alert_columns: jsonOf(alert, filter.columns ? columns : withoutBulk(columns)),
    },
  };
}

function matchJson({ match }: Message): Record<string, Json> {
  const { filter, filter_version, alert, object, ra, dec, mjd, revision } = match;
  return { filter, filter_version, alert: String(alert), object, ra, dec, mjd, revision };
}

/**
 * `{object}`, `{candidate.magpsf}`: fields of the match, else columns of the alert; unknown ones
 * stay as they are written.
 */
export function textOf(template: string, message: Message): string {
  const match = {
    ...matchJson(message),
    survey: message.survey,
    description: message.filter.description,
  };
  let alert: Json | undefined;
  return template.replace(/\{([\w.]+)\}/g, (whole, path: string) => {
    const value =
      jsonAt(match, path) ??
      jsonAt((alert ??= jsonOf(message.alert, withoutBulk(message.columns))), path);
    if (typeof value === "number") return String(Number(value.toPrecision(9)));
    return value === undefined
      ? whole
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
  });
}
