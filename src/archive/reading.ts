import type { LakeTable } from "../lake/table.ts";
import type { SourcePartition } from "../sources/source.ts";
import { beganAt } from "./log-marks.ts";
import { rejectedOffsets } from "./waiting.ts";

/** What to do with a message that a source put. */
export type Verdict =
  | "take"
  /** It is in the lake already. */
  | "duplicate"
  /**
   * It waits in `rejected` since a crash; only its position is still to be moved, see waiting.ts.
   */
  | "settled"
  /** The partition is being read again from an earlier position: this message will come again. */
  | "lost";

interface Reading {
  /** The offset to be put next; null when the partition was never read. */
  next: bigint | null;
  readonly settled: Set<number>;
  lost: boolean;
}

/** How far each source partition was read into a survey's tables. */
export class Readings {
  readonly #raw: LakeTable;
  readonly #rejected: LakeTable;
  readonly #of = new Map<string, Reading>();
  /** Positions of `rejected` as we know them: another writer's commit there fences us too. */
  readonly #rejectedAt = new Map<string, number | null>();

  constructor(raw: LakeTable, rejected: LakeTable) {
    this.#raw = raw;
    this.#rejected = rejected;
  }

  /** Begins a partition where its table is. Both tables must be fresh. */
  begin(partition: SourcePartition): bigint | null {
    const { appId } = partition;
    const at = this.#raw.snapshot.positions.get(appId) ?? null;
    const rejectedAt = this.#rejected.snapshot.positions.get(appId) ?? null;
    this.#rejectedAt.set(appId, rejectedAt);
    const since = beganAt(this.#raw.snapshot.positions, appId);
    const settled =
      rejectedAt !== null && rejectedAt > (at ?? 0)
        ? rejectedOffsets(this.#rejected, partition, at ?? 0, since)
        : new Set<number>();
    const next = at === null ? null : BigInt(at);
    this.#of.set(appId, { next, settled, lost: false });
    return next;
  }

  /** The offset to be put next of a partition that was begun and not lost. */
  next(appId: string): { readonly offset: bigint | null } | undefined {
    const reading = this.#of.get(appId);
    return reading && !reading.lost ? { offset: reading.next } : undefined;
  }

  /** Judges a message, and moves on behind it unless it is a duplicate or lost. */
  judge(appId: string, offset: bigint, next: bigint): Verdict {
    const reading = this.#of.get(appId);
    if (!reading || reading.lost) return "lost";
    if (reading.next !== null && offset < reading.next) return "duplicate";
    reading.next = next;
    return reading.settled.delete(Number(offset)) ? "settled" : "take";
  }

  /** What was put of it is dropped, until it is begun again. */
  lose(appId: string): void {
    const reading = this.#of.get(appId);
    if (reading) reading.lost = true;
  }

  rejectedAt(appId: string): number | null {
    return this.#rejectedAt.get(appId) ?? null;
  }

  rejectedMoved(appId: string, to: number): void {
    this.#rejectedAt.set(appId, to);
  }
}
