import { join } from "node:path";
import { FinkError, messageOf } from "../errors.ts";
import { LakeTable } from "../lake/table.ts";
import { changesAfter } from "../science/changes.ts";
import type { AlertReader } from "./alerts.ts";
import { type NightMatch, readMatches } from "./matches.ts";
import type { DeadLetter, DeliveryStore, LogLine, Position } from "./store.ts";
import { type Message, messageId, type Subscription, type Target } from "./target.ts";

export interface FollowOptions {
  readonly lake: string;
  readonly survey: string;
  readonly target: Target;
  readonly store: DeliveryStore;
  /** Of this survey, with or without images as the target wants. */
  readonly reader: AlertReader;
  /** These filters of the survey as they are now, by name. */
  readonly filters: (names: Iterable<string>) => Promise<ReadonlyMap<string, Subscription>>;
  /** A target that is new gets matches of the last so many hours. */
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
  /** Older ones are passed over. */
  readonly since: bigint;
  /** The version that all of them lead to. */
  readonly to: number;
}

/** One target and the matches of one survey: a position of its own, so that a slow or dead target holds up nobody. */
export class TargetFollower {
  readonly #of: FollowOptions;
  readonly #matches: LakeTable;
  #pending: Pending | null = null;
  /** Failures since something was sent. */
  failures = 0;
  trouble = "";

  constructor(options: FollowOptions) {
    this.#of = options;
    this.#matches = new LakeTable(join(options.lake, options.survey, "matches"));
  }

  /** Matches that wait, in versions of the table. */
  lag(): number {
    return this.#matches.snapshot.version - (this.#of.store.position(this.#of.target.name, this.#of.survey)?.version ?? -1);
  }

  /** Sends the next matches; null: there are none, or it is not time yet. Throws when the target did not take them: it is called again after a pause. */
  async step(signal: AbortSignal): Promise<Sent | null> {
    const { target, store, survey } = this.#of;
    this.#matches.refresh();
    const at = this.#position();
    const again = store.dead({ target: target.name, survey, redrive: true }).slice(0, target.batch);
    if (again.length > 0) return await this.#send(again, at, signal, again);
    if ((target.due?.(at.sentAt) ?? 0) > this.#now()) return null;
    const pending = await this.#read(at);
    if (!pending) return null;
    const chosen = pending.matches.slice(0, this.failures >= breakAfter ? await this.#untilOwn(pending.matches) : target.batch);
    const rest = pending.matches.slice(chosen.length);
    const latest = chosen.reduce((last, { match }) => (match.matched_at > last ? match.matched_at : last), at.matchedAt);
    const row = pending.first + chosen.length;
    const next = { matchedAt: latest, sentAt: at.sentAt, ...(rest.length > 0 ? { version: at.version, row } : { version: pending.to, row: 0 }) };
    const own = chosen.filter(({ match }) => match.matched_at >= pending.since);
    const sent = await this.#send(own, next, signal);
    this.#pending = rest.length > 0 ? { ...pending, matches: rest, first: row } : null;
    return sent;
  }

  /** Half open: a target that failed several times is tried with one match. How many there are up to the first that is for it. */
  async #untilOwn(matches: readonly NightMatch[]): Promise<number> {
    const filters = await this.#filtersOf(matches);
    const first = matches.findIndex(({ match }) => filters.get(match.filter)?.deliver.includes(this.#of.target.name));
    return first < 0 ? matches.length : first + 1;
  }

  #filtersOf(matches: readonly NightMatch[]): Promise<ReadonlyMap<string, Subscription>> {
    return this.#of.filters(matches.map(({ match }) => match.filter));
  }

  #now(): number {
    return (this.#of.now ?? Date.now)();
  }

  #position(): Position {
    const { target, store, survey, newTargetHours } = this.#of;
    const known = store.position(target.name, survey);
    if (known) return known;
    const since = BigInt(Math.round(this.#now() - newTargetHours * 3_600_000)) * 1000n;
    const first: Position = { version: -1, row: 0, matchedAt: since, sentAt: target.due ? this.#now() : 0 };
    store.advance(target.name, survey, first, [], []);
    return first;
  }

  async #read(at: Position): Promise<Pending | null> {
    if (this.#pending && this.failures === 0) return this.#pending;
    if (this.#matches.snapshot.version <= at.version) return null;
    const { files, to, whole } = changesAfter(this.#matches, at.version, Math.max(at.row + this.#of.target.batch, readRows));
    const rows: NightMatch[] = [];
    for (const { path, partitionValues } of files) rows.push(...(await readMatches(join(this.#matches.path, path), partitionValues["night"] ?? null)));
    // Where vacuum took log entries, and for a target that is new, time says what was sent: matches are committed in its order.
    if (whole) rows.sort((a, b) => Number(a.match.matched_at - b.match.matched_at));
    const first = whole ? 0 : at.row;
    this.#pending = { matches: rows.slice(first), first, since: whole || at.version < 0 ? at.matchedAt : 0n, to };
    return this.#pending;
  }

  async #send(matches: readonly NightMatch[], next: Position, signal: AbortSignal, again: readonly DeadLetter[] = []): Promise<Sent> {
    const { target, store, survey } = this.#of;
    const startedAt = performance.now();
    const { messages, dead } = await this.#messages(matches);
    try {
      const refused = messages.length === 0 ? [] : await target.send(messages, signal);
      const at = this.#now();
      dead.push(...refused.map(({ message, reason }) => ({ ...deadLetter(target.name, survey, message, at, reason), night: nightOf(matches, message) })));
      const gone = new Set(dead.map(({ id }) => id));
      const took = { at, milliseconds: performance.now() - startedAt, error: "" };
      const there = messages.filter(({ id }) => !gone.has(id));
      const lines = [...Map.groupBy(there, ({ filter }) => filter.name)].map(([filter, own]) => this.#line(filter, own.length, own[0].id, took));
      lines.push(...dead.map((d) => this.#line(d.match.filter, 1, d.id, { at: d.at, milliseconds: 0, error: `dead letter: ${d.reason}` })));
      const settled = again.flatMap(({ id }) => (gone.has(id) ? [] : [id]));
      store.advance(target.name, survey, messages.length > 0 ? { ...next, sentAt: at } : next, lines, dead, settled);
      if (messages.length > 0) this.failures = 0;
      if (messages.length > 0) this.trouble = "";
      return { messages, refused: dead.length };
    } catch (error) {
      this.failures++;
      this.trouble = messageOf(error);
      const [first] = messages;
      if (!signal.aborted && first) {
        const took = { at: this.#now(), milliseconds: performance.now() - startedAt, error: this.trouble };
        store.failed(this.#line(first.filter.name, messages.length, first.id, took));
      }
      throw error instanceof FinkError ? error : new FinkError("delivery", `${target.name}: ${this.trouble}`, error);
    }
  }

  /** The matches that are for this target, with their alerts. */
  async #messages(matches: readonly NightMatch[]): Promise<{ messages: Message[]; dead: DeadLetter[] }> {
    const { target, survey, reader } = this.#of;
    const filters = await this.#filtersOf(matches);
    const own = matches.filter(({ match }) => filters.get(match.filter)?.deliver.includes(target.name));
    const alerts = own.length === 0 ? [] : await reader.read(own);
    const messages: Message[] = [];
    const dead: DeadLetter[] = [];
    for (const [i, { match, night }] of own.entries()) {
      const id = messageId(survey, match);
      const filter = filters.get(match.filter)!;
      const alert = alerts[i];
      if (alert) messages.push({ id, survey, match, filter, alert, columns: reader.columns(filter.columns) });
      else dead.push({ target: target.name, survey, id, match, night, at: this.#now(), reason: "its alert is not in the lake", redrive: false });
    }
    return { messages, dead };
  }

  #line(filter: string, matches: number, first: string, took: Pick<LogLine, "at" | "milliseconds" | "error">): LogLine {
    return { target: this.#of.target.name, survey: this.#of.survey, filter, matches, first, ...took };
  }
}

/** Rows read at once. */
const readRows = 2000;

/** So many failures one after the other open the circuit: then one match is tried at a time, after longer and longer pauses. */
export const breakAfter = 5;

/** ms to wait after so many failures: doubling to five minutes, and spread so that targets behind one machine do not come all at once. */
export function pauseAfter(failures: number, random: () => number = Math.random): number {
  return Math.min(300_000, 500 * 2 ** failures) * (0.5 + random() / 2);
}

function deadLetter(target: string, survey: string, { id, match }: Message, at: number, reason: string): Omit<DeadLetter, "night"> {
  return { target, survey, id, match, at, reason, redrive: false };
}

function nightOf(matches: readonly NightMatch[], { match }: Message): string | null {
  return matches.find((own) => own.match === match)?.night ?? null;
}
