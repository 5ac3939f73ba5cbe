import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { TargetOf } from "../config/targets.ts";
import { FinkError, messageOf } from "../errors.ts";
import { checkUrl, publicLookup } from "./public-address.ts";
import type { Message, Refusal, Target } from "./target.ts";
import { requestOf, type WebhookRequest } from "./webhook-body.ts";

/** After so many failures with nothing that got through, the rest of the matches waits. */
const failuresInRow = 5;
/**
 * A message that fails for so long is a dead letter, even when nothing else was there to get
 * through.
 */
const longestMs = 24 * 3_600_000;

interface Failing {
  attempts: number;
  readonly since: number;
  reason: string;
}

/** A match is posted on its own; several at a time. */
export class WebhookTarget implements Target {
  readonly name: string;
  readonly batch = 100;
  readonly images = false;
  readonly #options: TargetOf<"webhook">;
  readonly #now: () => number;
  readonly #poster: Poster;
  /**
   * What is done with, of matches that will be asked for again because others failed: there (null),
   * or refused.
   */
  readonly #settled = new Map<string, Refusal | null>();
  readonly #failing = new Map<string, Failing>();
  #succeededAt = 0;

  constructor(name: string, options: TargetOf<"webhook">, now: () => number = Date.now) {
    this.name = name;
    this.#options = options;
    this.#now = now;
    this.#poster = posterOf(options);
  }

  async send(messages: readonly Message[], signal: AbortSignal): Promise<readonly Refusal[]> {
    const waiting = messages.filter(({ id }) => !this.#settled.has(id));
    let next = 0;
    let inRow = 0;
    const work = async () => {
      while (next < waiting.length && inRow < failuresInRow && !signal.aborted)
        inRow = (await this.#deliver(waiting[next++], signal)) ? 0 : inRow + 1;
    };
    await Promise.all(Array.from({ length: this.#options.parallel }, work));
    const left = messages.filter(({ id }) => !this.#settled.has(id));
    if (left.length > 0) throw this.#failure(left);
    const refused = messages.flatMap(({ id }) => this.#settled.get(id) ?? []);
    for (const { id } of messages) this.#settled.delete(id);
    return refused;
  }

  async close(): Promise<void> {
    this.#poster.close();
  }

  /** True when the match is done with. */
  async #deliver(message: Message, signal: AbortSignal): Promise<boolean> {
    const outcome = await this.#post(message, signal);
    const now = this.#now();
    if (outcome === null) {
      this.#succeededAt = now;
      this.#settled.set(message.id, null);
      this.#failing.delete(message.id);
      return true;
    }
    const failing = this.#failing.get(message.id) ?? { attempts: 0, since: now, reason: "" };
    this.#failing.set(message.id, failing);
    failing.attempts++;
    failing.reason = outcome.reason;
    const isHopeless =
      failing.attempts >= this.#options.attempts &&
      (this.#succeededAt >= failing.since || now - failing.since > longestMs);
    if (!outcome.isFinal && !isHopeless) return false;
    this.#settled.set(message.id, {
      message,
      reason: `${outcome.reason} (${failing.attempts} attempts)`,
    });
    this.#failing.delete(message.id);
    return true;
  }

  async #post(message: Message, signal: AbortSignal): Promise<Rejection | null> {
    let request: WebhookRequest;
    try {
      request = requestOf(message, this.#options, this.#now());
    } catch (error) {
      return { reason: `cannot be told of it: ${messageOf(error)}`, isFinal: true };
    }
    return await this.#poster.post(request, signal);
  }

  #failure(left: readonly Message[]): FinkError {
    const reasons = left.flatMap(({ id }) => this.#failing.get(id)?.reason ?? []);
    return new FinkError(
      "delivery",
      `${new URL(this.#options.url).host} ${reasons[0] ?? "was not asked"}; ${left.length} matches wait`,
    );
  }
}

/** Posts to the URL of a webhook, and to no other: redirects are not followed. */
export interface Poster {
  /** null: it has it. */
  post(request: WebhookRequest, signal: AbortSignal): Promise<Rejection | null>;
  close(): void;
}

/** `isFinal`: it is the message that is wrong. */
export interface Rejection {
  readonly reason: string;
  readonly isFinal: boolean;
}

/** Throws FinkError "delivery" for an address that is not public, unless that is allowed. */
export function posterOf({
  url: text,
  allowPrivate,
  parallel,
  timeoutSeconds,
}: TargetOf<"webhook">): Poster {
  const url = new URL(text);
  if (!allowPrivate) checkUrl(url);
  const settings = {
    keepAlive: true,
    maxSockets: parallel,
    ...(!allowPrivate && { lookup: publicLookup() }),
  };
  const agent = url.protocol === "https:" ? new HttpsAgent(settings) : new HttpAgent(settings);
  return {
    async post(request, signal) {
      const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
      try {
        const status = await statusOf(url, agent, request, AbortSignal.any([signal, timeout]));
        if (status >= 200 && status < 300) return null;
        // of the others it is the address or the service that is wrong, not the message: nothing is
        // thrown away
        return {
          reason: `answers with status ${status}`,
          isFinal: status === 400 || status === 413 || status === 415 || status === 422,
        };
      } catch (error) {
        return {
          reason: timeout.aborted
            ? `does not answer within ${timeoutSeconds} s`
            : `cannot be reached: ${reasonOf(error)}`,
          isFinal: false,
        };
      }
    },
    close: () => agent.destroy(),
  };
}

function statusOf(
  url: URL,
  agent: HttpAgent | HttpsAgent,
  { body, headers }: WebhookRequest,
  signal: AbortSignal,
): Promise<number> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const own = { "content-length": String(Buffer.byteLength(body)), "user-agent": "Fink" };
  const sent = request(
    url,
    { method: "POST", agent, headers: { ...own, ...headers }, signal },
    (response) => {
      response.on("error", reject).on("end", () => resolve(response.statusCode ?? 0));
      response.resume();
    },
  );
  sent.on("error", reject).end(body);
  return promise;
}

/** An error of several addresses has no message of its own. */
function reasonOf(error: unknown): string {
  return error instanceof AggregateError ? messageOf(error.errors[0]) : messageOf(error);
}
