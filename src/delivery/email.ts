import { createHash } from "node:crypto";
import { createTransport } from "nodemailer";
import { secretOf, withoutUserinfo } from "../config/secrets.ts";
import type { TargetOf } from "../config/targets.ts";
import { FinkError, messageOf } from "../errors.ts";
import type { Message, Refusal, Target } from "./target.ts";

const hourMs = 3_600_000;
/** Alerts of a filter that a digest lists; of more it says how many there are. */
const listed = 100;

/** A digest: what was matched since the last one, by filter. */
export function emailTarget(name: string, options: TargetOf<"email">): Target {
  const { everyMinutes, nightlyAtHour } = options;
  return {
    name,
    batch: 10_000,
    images: false,
    due: (lastSentAt) =>
      nightlyAtHour === undefined
        ? lastSentAt + everyMinutes * 60_000
        : nextAtHour(lastSentAt, nightlyAtHour),
    async send(messages): Promise<readonly Refusal[]> {
      await sendMail(name, options, {
        subject: subjectOf(messages),
        text: digestOf(messages),
        ids: messages.map(({ id }) => id),
      });
      return [];
    },
    close: async () => {},
  };
}

/** The first time after `after` at which it is that hour, UTC. */
function nextAtHour(after: number, hour: number): number {
  const midnight = Math.floor(after / (24 * hourMs)) * 24 * hourMs;
  const today = midnight + hour * hourMs;
  return today > after ? today : today + 24 * hourMs;
}

export interface Mail {
  readonly subject: string;
  readonly text: string;
  /** What it is about: the same mail sent twice has the same Message-ID. */
  readonly ids: readonly string[];
}

/** Throws FinkError "delivery". The mail server has taken it when it returns. */
export async function sendMail(
  name: string,
  options: TargetOf<"email">,
  { subject, text, ids }: Mail,
): Promise<void> {
  const { to, from, smtp, username } = options;
  const password = secretOf(options, `delivery.targets.${name}`);
  const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };
  const transport = createTransport({
    url: smtp,
    ...timeouts,
    ...(username !== "" && { auth: { user: username, pass: password } }),
  });
  const digest = createHash("sha256").update(ids.join("\n")).digest("hex").slice(0, 32);
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject,
      text,
      messageId: `<${digest}.${name}@fink>`,
    });
  } catch (error) {
    throw new FinkError(
      "delivery",
      `${withoutUserinfo(smtp)} does not take mail from ${from}: ${messageOf(error)}`,
      error,
    );
  } finally {
    transport.close();
  }
}

function subjectOf(messages: readonly Message[]): string {
  const filters = new Set(messages.map(({ filter }) => filter.name));
  const what = filters.size === 1 ? [...filters][0] : `${filters.size} filters`;
  return `Fink: ${messages.length} ${messages.length === 1 ? "alert" : "alerts"} of ${what}`;
}

export function digestOf(messages: readonly Message[]): string {
  const parts = [
    ...Map.groupBy(messages, ({ filter, survey }) => `${filter.name} (${survey})`),
  ].map(([title, own]) => {
    const lines = own.slice(0, listed).map(({ match: { object, alert, ra, dec, mjd } }) => {
      const position =
        ra === null || dec === null ? "" : `RA ${ra.toFixed(5)}  Dec ${dec.toFixed(5)}`;
      return `  ${[object ?? "", String(alert), position, mjd === null ? "" : `MJD ${mjd.toFixed(5)}`].filter((text) => text !== "").join("  ")}`;
    });
    const more = own.length > listed ? [`  … and ${own.length - listed} more`] : [];
    return [
      `${title}: ${own.length}`,
      ...(own[0].filter.description ? [`  ${own[0].filter.description}`] : []),
      ...lines,
      ...more,
    ].join("\n");
  });
  return `${parts.join("\n\n")}\n`;
}
