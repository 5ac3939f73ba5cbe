import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../folder.ts";
import { replaceWhole } from "../lake/durable.ts";
import type { Filter } from "./filter.ts";
import type { FilterFile } from "./library.ts";
import type { MissingFilter } from "./missed.ts";
import { type OwnerMessage, tellOwner } from "./owner-messages.ts";
import type { Outcome } from "./run.ts";
import { filtersFolder } from "./versions.ts";

/** How one filter is, as `./fink filter list` shows it. */
export interface FilterState {
  readonly survey: string;
  readonly name: string;
  readonly file: string;
  /** 0: none of its texts could be used yet. */
  version: number;
  /**
   * on: it runs. refused: its file cannot be used, and what it said before goes on, where there was
   * something. off: it failed too often.
   */
  state: "on" | "refused" | "off";
  /** Why it is refused or off, or how it failed last; empty: nothing is wrong. */
  reason: string;
  /** When it began to run: ms since 1970. */
  onSince?: number;
  /** When it was switched off: ms since 1970. */
  offSince?: number;
  /** Batches that it failed in, one after the other. */
  failures: number;
  /** By hour since 1970, the last two. */
  matches: Record<string, number>;
  alerts: number;
  milliseconds: number;
}

export function statesFile(lake: string): string {
  return join(filtersFolder(lake), "states.json");
}

export function readStates(lake: string): FilterState[] {
  const file = statesFile(lake);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as FilterState[]) : [];
}

/**
 * States of all filters, kept over restarts: one that is off stays so until its file is saved
 * again.
 */
export class FilterStates {
  readonly #lake: string;
  readonly #byFile: Map<string, FilterState>;
  readonly #untold: Omit<OwnerMessage, "number">[] = [];
  #hasChanged = false;

  constructor(lake: string) {
    this.#lake = lake;
    this.#byFile = new Map(readStates(lake).map((state) => [state.file, state]));
  }

  get all(): readonly FilterState[] {
    return [...this.#byFile.values()];
  }

  keepOnly(files: readonly FilterFile[]): void {
    const present = new Set(files.map(({ file }) => file));
    for (const file of this.#byFile.keys())
      if (!present.has(file)) this.#hasChanged = this.#byFile.delete(file) || this.#hasChanged;
  }

  /** The file of the filter, saved at `mtimeMs`, can be used. */
  accept({ survey, name, file, version }: Filter, mtimeMs: number): void {
    const before = this.#byFile.get(file);
    const stays =
      before?.state === "on" ||
      (before?.state === "off" && mtimeMs <= (before.offSince ?? Infinity));
    if (before?.version === version && stays) return;
    const counts = before?.version === version ? before : {};
    this.#set({
      ...empty(survey, name, file),
      ...counts,
      version,
      state: "on",
      onSince: Date.now(),
      reason: "",
      failures: 0,
    });
  }

  refuse(
    { survey, file }: { readonly survey: string; readonly file: string },
    reason: string,
  ): void {
    const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.(sql|ts)$/, "");
    this.#set({
      ...(this.#byFile.get(file) ?? empty(survey, name, file)),
      state: "refused",
      reason,
    });
  }

  isOff({ file }: Filter): boolean {
    return this.#byFile.get(file)?.state === "off";
  }

  /** The filters of a survey that have run before and are not among those that run now. */
  idle(survey: string, on: readonly { readonly filter: Filter }[]): MissingFilter[] {
    const files = new Set(on.map(({ filter }) => filter.file));
    const idle = this.all.filter(
      (state) => state.survey === survey && state.version > 0 && !files.has(state.file),
    );
    return idle.map(({ name, version, reason, state }) => ({
      name,
      version,
      reason: reason || state,
    }));
  }

  /** True if the filter began to run after a time (ms since 1970). */
  isNewerThan({ file }: Filter, time: number): boolean {
    return (this.#byFile.get(file)?.onSince ?? 0) > time;
  }

  /** Takes a batch into account; the state when the filter is switched off by it. */
  count(filter: Filter, outcome: Outcome, alerts: number, maxFailures: number): FilterState | null {
    const state = this.#byFile.get(filter.file);
    if (!state) return null;
    this.#hasChanged = true;
    state.alerts += alerts;
    state.milliseconds += outcome.milliseconds;
    if ("rows" in outcome) {
      state.failures = 0;
      if (state.state === "on") state.reason = "";
      const hour = Math.floor(Date.now() / 3_600_000);
      state.matches = {
        [hour - 1]: state.matches[hour - 1] ?? 0,
        [hour]: (state.matches[hour] ?? 0) + outcome.rows.length,
      };
      return null;
    }
    state.failures++;
    state.reason = outcome.failure;
    if (state.failures < maxFailures) return null;
    state.state = "off";
    state.offSince = Date.now();
    const text = `The filter ${filter.name} (version ${filter.version}) is switched off: it failed in ${state.failures} batches in a row. The last time: ${outcome.failure}. When its file is saved again, it runs again and looks at the alerts that it missed.`;
    this.#untold.push({
      at: Date.now(),
      survey: filter.survey,
      filter: filter.name,
      version: filter.version,
      owner: filter.owner,
      text,
    });
    return state;
  }

  /** To the disk, where anything changed; with the messages to owners. */
  write(): void {
    for (; this.#untold.length > 0; this.#untold.shift()) tellOwner(this.#lake, this.#untold[0]);
    if (!this.#hasChanged) return;
    makeFolder(filtersFolder(this.#lake));
    replaceWhole(statesFile(this.#lake), Buffer.from(JSON.stringify(this.all, null, 1)));
    this.#hasChanged = false;
  }

  #set(state: FilterState): void {
    this.#byFile.set(state.file, state);
    this.#hasChanged = true;
  }
}

function empty(survey: string, name: string, file: string): FilterState {
  return {
    survey,
    name,
    file,
    version: 0,
    state: "on",
    reason: "",
    failures: 0,
    matches: {},
    alerts: 0,
    milliseconds: 0,
  };
}
