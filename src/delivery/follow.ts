import { join } from "node:path";
import { FinkError, messageOf } from "../errors.ts";
import { LakeTable } from "../lake/table.ts";
import { changesAfter } from "../science/changes.ts";
import type { Match } from "../filters/filter.ts";
import type { KeptFilter } from "../filters/versions.ts";
import type { AlertReader } from "./alerts.ts";
import { type NightMatch, readMatches } from "./matches.ts";
import type { DeadLetter, DeliveryStore, LogLine, Position } from "./store.ts";
import type { Route } from "./subscriptions.ts";
import { type Message, messageId, type Refusal, type Target } from "./target.ts";

export interface FollowOptions {
  readonly lake: string;
  readonly survey: string;
  readonly target: Target;
  readonly store: DeliveryStore;
  /** Of this survey, with or without images as the target wants. */
  readonly reader: AlertReader;
  /** Finds the route of a match to the target; see `Subscriptions.route`. */
  readonly route: (match: Match, target: string) => Promise<Route | string | null>;
  /**
   * A new target, and a target that a filter is new to, get the alerts published in the last so
   * many hours.
   */
  readonly newTargetHours: number;
  readonly now?: () => number;
}

export interface Sent {
  readonly messages: readonly Message[];
  readonly refused: number;
}

/** Matches that were read and not sent yet. */
interface Pending {
  readonly matches: readonly NightMatch[];
  /** Rows before them since the position's version. */
  readonly first: number;
  /** Those matched earlier were sent. */
  readonly since: bigint;
  /** The version that all of them lead to. */
  readonly to: number;
}

/**
 * One target and the matches of one survey: a position of its own, so that a slow or dead target
 * holds up nobody.
 */
export class TargetFollower {
  /** For the status: the target and its survey. */
  readonly name: string;
  readonly #of: FollowOptions;
  readonly #matches: LakeTable;
  #pending: Pending | null = null;
  /** Failures since the target took something. */
  failures = 0;
  trouble = "";
  /** The last failure was the target's, not the lake's or the store's. */
  targetFailed = false;

  constructor(options: FollowOptions) {
    this.#of = options;
    this.name = `${options.target.name} (${options.survey})`;
    this.#matches = new LakeTable(join(options.lake, options.survey, "matches"));
  }

  /** Matches that wait, in versions of the table. */
  lag(): number {
    return (
      this.#matches.snapshot.version -
      (this.#of.store.position(this.#of.target.name, this.#of.survey)?.version ?? -1)
    );
  }

  /**
   * Sends the next matches; null: there are none, or it is not time yet. Throws when the target did
   * not take them: it is called again after a pause.
   */
  async step(signal: AbortSignal): Promise<Sent | null> {
    try {
      const sent = await this.#next(signal);
      // a target that failed is well again when it has taken something
      if (!this.targetFailed || (sent?.messages.length ?? 0) > 0)
        [this.failures, this.trouble, this.targetFailed] = [0, "", false];
      return sent;
    } catch (error) {
      this.failures++;
      this.trouble = messageOf(error);
      throw error instanceof FinkError
        ? error
        : new FinkError("delivery", `${this.#of.target.name}: ${this.trouble}`, error);
    }
  }

  async #next(signal: AbortSignal): Promise<Sent | null> {
    const { target, store, survey } = this.#of;
    this.#matches.refresh();
    const at = this.#position();
    const again = store.marked(target.name, survey, target.batch);
    if (again.length > 0) return await this.#send(again, at, at, signal, true);
    if ((target.due?.(at.sentAt) ?? 0) > this.#now()) return null;
    const pending = await this.#read(at);
    if (!pending) return null;
    const chosen = pending.matches.slice(
      0,
      this.failures >= breakAfter ? await this.#untilOwn(pending.matches) : target.batch,
    );
    const rest = pending.matches.slice(chosen.length);
    const latest = chosen.reduce(
      (last, { match }) => (match.matched_at > last ? match.matched_at : last),
      at.matchedAt,
    );
    const row = pending.first + chosen.length;
    const next = {
      ...at,
      matchedAt: latest,
      ...(rest.length > 0 ? { version: at.version, row } : { version: pending.to, row: 0 }),
    };
    const own = chosen.filter(({ match }) => match.matched_at >= pending.since);
    const sent = await this.#send(own, at, next, signal);
    this.#pending = rest.length > 0 ? { ...pending, matches: rest, first: row } : null;
    return sent;
  }

  /**
   * While the circuit is half open we send a single match. Returns how many matches to take so that
   * at most one is for this target.
   */
  async #untilOwn(matches: readonly NightMatch[]): Promise<number> {
    for (const [i, { match }] of matches.entries())
      if ((await this.#of.route(match, this.#of.target.name)) !== null) return i + 1;
    return matches.length;
  }

  #now(): number {
    return (this.#of.now ?? Date.now)();
  }

  #position(): Position {
    const { target, store, survey } = this.#of;
    const known = store.position(target.name, survey);
    if (known) return known;
    const now = this.#now();
    const first: Position = {
      version: -1,
      row: 0,
      matchedAt: 0n,
      sentAt: target.due ? now : 0,
      since: now,
    };
    store.advance(target.name, survey, null, first);
    return first;
  }

  async #read(at: Position): Promise<Pending | null> {
    if (this.#pending && this.failures === 0) return this.#pending;
    if (this.#matches.snapshot.version <= at.version) return null;
    const { files, to, whole } = changesAfter(
      this.#matches,
      at.version,
      Math.max(at.row + this.#of.target.batch, readRows),
    );
    const rows: NightMatch[] = [];
    for (const { path, partitionValues } of files)
      rows.push(
        ...(await readMatches(join(this.#matches.path, path), partitionValues["night"] ?? null)),
      );
    // If vacuum has removed log entries, the time tells which matches were sent: they are committed
    // in its order.
    if (whole) rows.sort((a, b) => Number(a.match.matched_at - b.match.matched_at));
    const first = whole ? 0 : at.row;
    this.#pending = { matches: rows.slice(first), first, since: whole ? at.matchedAt : 0n, to };
    return this.#pending;
  }

  /** `isAgain`: these are dead letters that somebody wants to be sent again. */
  async #send(
    matches: readonly NightMatch[],
    from: Position,
    next: Position,
    signal: AbortSignal,
    isAgain = false,
  ): Promise<Sent> {
    const { target, store, survey } = this.#of;
    const startedAt = performance.now();
    const { messages, dead: unsent } = await this.#sorted(matches, from, isAgain);
    const refused = messages.length === 0 ? [] : await this.#toTarget(messages, signal);
    const at = this.#now();
    const dead = [
      ...unsent,
      ...refused.map(({ message, reason }) =>
        this.#letter(message.id, matchOf(matches, message), reason),
      ),
    ];
    const gone = new Set(dead.map(({ id }) => id));
    const took = { at, milliseconds: performance.now() - startedAt, error: "" };
    const there = messages.filter(({ id }) => !gone.has(id));
    const lines = [...Map.groupBy(there, ({ filter }) => filter.name)].map(([filter, own]) =>
      this.#line(filter, own.length, own[0].id, took),
    );
    lines.push(
      ...dead.map((d) =>
        this.#line(d.match.filter, 1, d.id, {
          at: d.at,
          milliseconds: 0,
          error: `dead letter: ${d.reason}`,
        }),
      ),
    );
    // the refused ones as well, which are buried anew: another service may have sent them meanwhile
    const settled = isAgain ? [...there, ...dead].map(({ id }) => id) : [];
    store.advance(target.name, survey, from, messages.length > 0 ? { ...next, sentAt: at } : next, {
      lines,
      dead,
      settled,
    });
    return { messages, refused: dead.length };
  }

  async #toTarget(messages: readonly Message[], signal: AbortSignal): Promise<readonly Refusal[]> {
    const { target, store } = this.#of;
    const startedAt = performance.now();
    try {
      return await target.send(messages, signal);
    } catch (error) {
      this.targetFailed = true;
      const [first] = messages;
      const took = {
        at: this.#now(),
        milliseconds: performance.now() - startedAt,
        error: messageOf(error),
      };
      if (!signal.aborted)
        store.failed(this.#line(first.filter.name, messages.length, first.id, took));
      throw error;
    }
  }

  /** The matches that are for this target with their alerts, and those that cannot be sent. */
  async #sorted(
    matches: readonly NightMatch[],
    at: Position,
    isAgain: boolean,
  ): Promise<{ messages: Message[]; dead: DeadLetter[] }> {
    const { target, survey, reader, route } = this.#of;
    const own: { readonly of: NightMatch; readonly filter: KeptFilter }[] = [];
    const dead: DeadLetter[] = [];
    for (const of of matches) {
      const found = await route(of.match, target.name);
      const namedAt = found !== null && typeof found === "object" ? found.namedAt : 0;
      if (!isAgain && (found === null || !this.#isRecent(of.match, Math.max(at.since, namedAt))))
        continue;
      if (found !== null && typeof found === "object") own.push({ of, filter: found.filter });
      else
        dead.push(
          this.#letter(
            messageId(survey, of.match),
            of,
            found ?? `Filter ${survey}/${of.match.filter} does not name ${target.name} (deliver:).`,
          ),
        );
    }
    const alerts = own.length === 0 ? [] : await reader.read(own.map(({ of }) => of));
    const messages = own.flatMap(({ of, filter }, i): Message[] => {
      const [id, alert] = [messageId(survey, of.match), alerts[i]];
      if (alert)
        return [
          { id, survey, match: of.match, filter, alert, columns: reader.columns(filter.columns) },
        ];
      dead.push(this.#letter(id, of, "its alert is not in the lake"));
      return [];
    });
    return { messages, dead };
  }

  /**
   * True if the alert was published late enough for a target and filter that met at that time (ms
   * since 1970), or if somebody asked for the match.
   */
  #isRecent({ published_at, matched_at, requested }: Match, metAt: number): boolean {
    return (
      requested ||
      Number((published_at ?? matched_at) / 1000n) >= metAt - this.#of.newTargetHours * 3_600_000
    );
  }

  #letter(id: string, { match, night }: NightMatch, reason: string): DeadLetter {
    return {
      target: this.#of.target.name,
      survey: this.#of.survey,
      id,
      match,
      night,
      at: this.#now(),
      reason,
      redrive: false,
    };
  }

  #line(
    filter: string,
    matches: number,
    first: string,
    took: Pick<LogLine, "at" | "milliseconds" | "error">,
  ): LogLine {
    return {
      target: this.#of.target.name,
      survey: this.#of.survey,
      filter,
      matches,
      first,
      ...took,
    };
  }
}

/** Rows read at once. */
const readRows = 2000;

/**
 * So many failures one after the other open the circuit: then one match is tried at a time, after
 * longer and longer pauses.
 */
export const breakAfter = 5;

/**
 * ms to wait after so many failures: doubling to five minutes, and spread so that targets behind
 * one machine do not come all at once.
 */
export function pauseAfter(failures: number, random: () => number = Math.random): number {
  return Math.min(300_000, 500 * 2 ** failures) * (0.5 + random() / 2);
}

function matchOf(matches: readonly NightMatch[], { match }: Message): NightMatch {
  return matches.find((own) => own.match === match)!;
}
