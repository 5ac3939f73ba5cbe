import { join } from "node:path";
import type { LakeTable } from "../lake/table.ts";
import type { Survey } from "../surveys/definition.ts";
import { keysOf } from "./keys.ts";
import { openAlertFile } from "./parquet.ts";

/** Nights whose ids are kept: the one that comes in, and one that comes late. */
const keptNights = 2;

/** Which alerts a table has, by night: some 60 bytes an alert. */
export class SeenAlerts {
  readonly #table: LakeTable;
  readonly #survey: Survey;
  readonly #nights = new Map<number | null, Set<bigint>>();

  constructor(table: LakeTable, survey: Survey) {
    this.#table = table;
    this.#survey = survey;
  }

  /** The rows whose id was not there yet, each id once; from now on they are. */
  async fresh(night: number | null, ids: BigInt64Array): Promise<number[]> {
    const seen = await this.#of(night);
    const rows: number[] = [];
    for (let row = 0; row < ids.length; row++) {
      if (seen.has(ids[row])) continue;
      seen.add(ids[row]);
      rows.push(row);
    }
    return rows;
  }

  /** Looks into the table again: what was computed was not committed. */
  forget(): void {
    this.#nights.clear();
  }

  async #of(night: number | null): Promise<Set<bigint>> {
    const known = this.#nights.get(night);
    if (known) return known;
    const seen = new Set<bigint>();
    for (const { path, partitionValues } of this.#table.snapshot.files.values()) {
      if (partitionValues["night"] !== (night === null ? null : String(night))) continue;
      const file = await openAlertFile(join(this.#table.path, path));
      const [id] = keysOf(this.#survey, file.paths);
      const alerts = await file.read([id.path]);
      for (const value of alerts.longs(id.path)) seen.add(value);
    }
    if (this.#nights.size >= keptNights) this.#nights.delete(this.#nights.keys().next().value as number | null);
    this.#nights.set(night, seen);
    return seen;
  }
}
