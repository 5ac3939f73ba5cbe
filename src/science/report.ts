import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../folder.ts";
import { replaceWhole } from "../lake/durable.ts";
import type { Outcome } from "./compute.ts";
import type { SciencePool } from "./pool.ts";

/** What a module cost and did since the start of the service. */
export interface ModuleRecord {
  readonly version: string;
  readonly alerts: number;
  readonly microsecondsPerAlert: number;
  /** Files of alerts for which its columns are null, and why the last time. */
  readonly failures: number;
  readonly failure: string | null;
}

/** How long a failure is told of. */
const recentMs = 60_000;

/** What the science service says of itself besides its rates. */
export class ScienceReport {
  readonly #pool: Pick<SciencePool, "troubles" | "unavailable">;
  readonly #records = new Map<string, ModuleRecord>();
  readonly #failedAt = new Map<string, number>();
  /** By survey; empty texts for what is well again. */
  readonly errors = new Map<string, string>();
  /** Surveys of which no definition says what the alerts' id is. */
  readonly undefinedIds = new Set<string>();
  duplicates = 0;
  /** Alerts that lack the id that their survey's definition names. */
  withoutId = 0;
  /** Files with rows for which an answer is missing. */
  waiting = 0;
  /** What is wrong with remote services. */
  services: readonly string[] = [];

  constructor(pool: Pick<SciencePool, "troubles" | "unavailable">) {
    this.#pool = pool;
  }

  /** The number of failures among them; what cannot run here has not failed. */
  add(outcomes: readonly Outcome[]): number {
    let failures = 0;
    for (const { name, version, alerts, milliseconds, failure } of outcomes) {
      if (this.#pool.unavailable.has(name)) continue;
      const was = this.#records.get(name) ?? {
        alerts: 0,
        microsecondsPerAlert: 0,
        failures: 0,
        failure: null,
      };
      const all = was.alerts + alerts;
      if (failure !== null) {
        failures++;
        this.#failedAt.set(name, Date.now());
      }
      this.#records.set(name, {
        version,
        alerts: all,
        microsecondsPerAlert:
          (was.microsecondsPerAlert * was.alerts + milliseconds * 1000) / Math.max(1, all),
        failures: was.failures + (failure === null ? 0 : 1),
        failure: failure ?? was.failure,
      });
    }
    return failures;
  }

  /**
   * Notes on what stops nothing: modules without their model or catalogue, alerts that were sent
   * twice or have no id.
   */
  note(): string {
    const off = this.#pool.unavailable.size;
    return [
      off > 0
        ? `${off} modules are off for want of a catalogue, a model or a service (./fink science list)`
        : "",
      this.duplicates > 0 ? `${this.duplicates} alerts were sent again` : "",
      this.withoutId > 0 ? `${this.withoutId} alerts have no id, and get no science` : "",
      ...[...this.undefinedIds].map(
        (survey) =>
          `${survey} gets no science: name the id of its alerts (alert:) in a survey definition ${survey}.yaml`,
      ),
    ]
      .filter((text) => text !== "")
      .join("; ");
  }

  message(): string {
    const { troubles } = this.#pool;
    const recently = [...this.#failedAt].filter(([, at]) => Date.now() - at < recentMs);
    const failed = recently.map(([name]) => `${name} failed: ${this.#records.get(name)?.failure}`);
    const said = [
      ...[...this.errors.values()].filter((error) => error !== ""),
      ...troubles,
      ...failed,
      ...this.services,
      this.waiting > 0 ? `${this.waiting} files wait for answers` : "",
    ];
    return said.filter((text) => text !== "").join("; ");
  }

  /** For `./fink science list`. */
  save(lake: string): void {
    const path = recordsPath(lake);
    makeFolder(dirname(path));
    replaceWhole(path, Buffer.from(JSON.stringify(Object.fromEntries(this.#records))));
  }
}

/** Of the last run of the service. */
export function moduleRecords(lake: string): Readonly<Record<string, ModuleRecord>> {
  const path = recordsPath(lake);
  return existsSync(path)
    ? (JSON.parse(readFileSync(path, "utf8")) as Readonly<Record<string, ModuleRecord>>)
    : {};
}

function recordsPath(lake: string): string {
  return join(lake, ".fink", "science", "modules.json");
}
