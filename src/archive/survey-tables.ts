import { join } from "node:path";
import { FinkError } from "../errors.ts";
import { discard } from "../lake/rewrite.ts";
import { type Commit, LakeTable } from "../lake/table.ts";
import type { LogChange, LogMark, SourcePartition } from "../sources/source.ts";
import { joined, type Moves } from "./batch.ts";
import { union, type WrittenFiles } from "./files.ts";
import { markOf, restartSteps, stepsOf } from "./log-marks.ts";
import { Readings } from "./reading.ts";

/** A batch whose files are on the disk. */
export interface WrittenBatch {
  readonly moves: Moves;
  readonly raw: WrittenFiles;
  readonly rejected: WrittenFiles;
  /** Its rejected messages are committed, its alerts not yet. */
  rejectedDone: boolean;
}

/** The two tables a survey's messages go to, and the order in which they are written. */
export class SurveyTables {
  readonly raw: LakeTable;
  readonly rejected: LakeTable;
  readonly readings: Readings;

  constructor(lake: string, survey: string) {
    this.raw = new LakeTable(join(lake, survey, "raw"));
    this.rejected = new LakeTable(join(lake, survey, "rejected"));
    this.readings = new Readings(this.raw, this.rejected);
  }

  /** Begins a partition where its tables are now. */
  begin(partition: SourcePartition): bigint | null {
    this.raw.refresh();
    this.rejected.refresh();
    return this.readings.begin(partition);
  }

  /**
   * Commits batches that follow one another: rejected messages first, then the alerts with the
   * positions. Returns the version of `raw`. A crash before the first: the batches are read again.
   * Between the two: read again, and what `rejected` already has is left out (waiting.ts). After
   * the second: done, and the source can be told; a crash before it was told costs a comparison of
   * positions. Throws FinkError "fenced" or "type-conflict" when another writer was first.
   */
  commit(batches: readonly WrittenBatch[]): number {
    const moves = joined(batches.map((b) => b.moves));
    this.#commitRejected(batches.filter((b) => !b.rejectedDone));
    this.#checkRejected(moves);
    const positions = stepsOf(moves, this.raw.snapshot.positions);
    return this.raw.commit({ ...changeOf(union(batches.map((b) => b.raw))), positions });
  }

  mark({ appId }: SourcePartition): LogMark | null {
    return markOf(this.raw.snapshot.positions, appId);
  }

  /**
   * Moves the positions of a partition to `at`: that of `rejected` (only back) first, so that a
   * crash in between leads here again.
   */
  restart(partition: SourcePartition, at: bigint, change: LogChange): void {
    const { appId } = partition;
    const to = Number(at);
    for (const table of [this.rejected, this.raw]) table.refresh();
    const from = this.rejected.snapshot.positions.get(appId) ?? 0;
    if (from > to)
      this.rejected.commit({ operation: "restart", positions: new Map([[appId, { from, to }]]) });
    const { positions } = this.raw.snapshot;
    if (positions.has(appId))
      this.raw.commit({
        operation: "restart",
        positions: restartSteps(appId, to, change, positions, Date.now()),
      });
    this.readings.begin(partition);
  }

  /**
   * Removes the files of a dropped batch. The tables are asked, not our memory: a commit may have
   * been made and yet have failed.
   */
  discard({ raw, rejected }: Pick<WrittenBatch, "raw" | "rejected">): void {
    for (const [table, { files }] of [
      [this.raw, raw] as const,
      [this.rejected, rejected] as const,
    ]) {
      table.refresh();
      const { files: live, removed } = table.snapshot;
      const uncommitted = files.filter(({ path }) => !live.has(path) && !removed.has(path));
      discard(table.path, uncommitted);
    }
  }

  #commitRejected(batches: readonly WrittenBatch[]): void {
    const rejected = union(batches.map((b) => b.rejected));
    if (rejected.files.length > 0) {
      const moves = joined(batches.map((b) => b.moves));
      const positions = new Map(
        [...moves].map(([appId, { to }]) => [
          appId,
          { from: this.readings.rejectedAt(appId), to: Number(to) },
        ]),
      );
      this.rejected.commit({ ...changeOf(rejected), positions });
      for (const [appId, { to }] of positions) this.readings.rejectedMoved(appId, to);
    }
    for (const batch of batches) batch.rejectedDone = true;
  }

  /**
   * Another writer that rejected a message of ours was there first, even if we could read the
   * message.
   */
  #checkRejected(moves: Moves): void {
    this.rejected.refresh();
    for (const appId of moves.keys()) {
      const at = this.rejected.snapshot.positions.get(appId) ?? null;
      if (at !== this.readings.rejectedAt(appId))
        throw new FinkError("fenced", `${appId}: another writer rejected messages`);
    }
  }
}

function changeOf(written: WrittenFiles): Commit {
  return {
    operation: "archive",
    add: written.files,
    ...(written.schema ? { schema: written.schema } : {}),
  };
}
