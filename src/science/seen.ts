import { join } from "node:path";
import type { LakeTable } from "../lake/table.ts";
import type { Survey } from "../surveys/definition.ts";
import type { Run } from "./work.ts";

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
  async fresh(night: number | null, ids: BigInt64Array, run: Run): Promise<number[]> {
    const seen = await this.#of(night, run);
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

  async #of(night: number | null, run: Run): Promise<Set<bigint>> {
    const known = this.#nights.get(night);
    if (known) return known;
    const files = [...this.#table.snapshot.files.values()].filter(
      ({ partitionValues }) => partitionValues["night"] === (night === null ? null : String(night)),
    );
    const ids = await Promise.all(files.map(({ path }) => run("ids", { survey: this.#survey, file: join(this.#table.path, path) })));
    const seen = new Set<bigint>();
    for (const some of ids) for (const id of some) seen.add(id);
    if (this.#nights.size >= keptNights) this.#nights.delete(this.#nights.keys().next().value as number | null);
    this.#nights.set(night, seen);
    return seen;
  }
}
