import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Data, makeData, type Struct, TimestampMicrosecond } from "apache-arrow";
import { encodeFile, type EncodedFile, writeFiles } from "../archive/files.ts";
import { FinkError, messageOf } from "../errors.ts";
import { discard } from "../lake/rewrite.ts";
import { type Commit, LakeTable } from "../lake/table.ts";
import { changesAfter } from "../science/changes.ts";
import { nested, toArrow } from "../science/results.ts";
import { openSession } from "../sql/session.ts";
import type { Survey } from "../surveys/definition.ts";
import { Surveys } from "../surveys/surveys.ts";
import type { Aggregation, Statistic } from "./aggregation.ts";
import { nightStatistics } from "./compute.ts";

/** Tables whose new rows change what was counted; `raw` does as long as there is no science. */
const sources = ["science", "science_updates", "matches", "raw"] as const;

/**
 * Number of commits that counted a night: of two processes that count the same one, the later is
 * refused.
 */
const countsId = "aggregation:counts";

/** Key of `add.tags` that says which aggregations a night's file was made by. */
const madeBy = "fink.aggregations";

export interface Counted {
  readonly nights: number;
  /** What is wrong with aggregations that could not be counted; the others were. */
  readonly problems: readonly string[];
}

/**
 * `statistics` of one survey: of each night one file, made anew as a whole when its alerts or the
 * aggregations change. So late and updated rows correct what was counted.
 */
export class StatisticsTable {
  readonly #lake: string;
  readonly #survey: Survey;
  readonly #sources: readonly LakeTable[];
  readonly #table: LakeTable;

  constructor(lake: string, survey: Survey) {
    this.#lake = lake;
    this.#survey = survey;
    this.#sources = sources.map((kind) => new LakeTable(join(lake, survey.name, kind)));
    this.#table = new LakeTable(join(lake, survey.name, "statistics"));
  }

  /**
   * Counts the nights that changed, the newest first. Each night is a commit of its own, and
   * positions move with the last: a crash before it leaves nights that are counted again, with the
   * same result. Where another process was first, its positions hold.
   */
  async step(aggregations: readonly Aggregation[], signal: AbortSignal): Promise<Counted> {
    const problems = new Set<string>();
    for (const table of [...this.#sources, this.#table]) table.refresh();
    const tag = tagOf(aggregations);
    const counted =
      this.#sources[0].snapshot.files.size === 0 ? this.#sources : this.#sources.slice(0, -1);
    const positions = new Map(
      counted.map((table, i) => [
        `aggregation:${sources[i]}`,
        this.#position(`aggregation:${sources[i]}`, table),
      ]),
    );
    const nights = new Set(
      counted.flatMap((table, i) =>
        nightsAfter(table, positions.get(`aggregation:${sources[i]}`)!.from),
      ),
    );
    for (const { partitionValues, tags } of this.#table.snapshot.files.values())
      if (tags?.[madeBy] !== tag) nights.add(partitionValues["night"]);
    const dated = [...nights]
      .flatMap((night) => (night === null ? [] : [Number(night)]))
      .sort((a, b) => b - a);
    for (const night of dated) {
      if (signal.aborted) return { nights: 0, problems: [...problems] };
      await this.#count(night, aggregations, tag, problems);
    }
    if (nights.size > 0) this.#commit({ operation: "aggregation", positions });
    return { nights: dated.length, problems: [...problems] };
  }

  #position(appId: string, table: LakeTable): { from: number | null; to: number } {
    return {
      from: this.#table.snapshot.positions.get(appId) ?? null,
      to: table.snapshot.version + 1,
    };
  }

  /** Counts the night again if another process counts as well, or if compaction took the file. */
  async #count(
    night: number,
    aggregations: readonly Aggregation[],
    tag: string,
    problems: Set<string>,
  ): Promise<void> {
    for (;;) {
      this.#table.refresh();
      const from = this.#table.snapshot.positions.get(countsId) ?? null;
      const rows = await this.#rowsOf(night, aggregations, problems);
      const remove = [...this.#table.snapshot.files.values()]
        .filter(({ partitionValues }) => partitionValues["night"] === String(night))
        .map(({ path }) => path);
      const written = await writeFiles(
        rows.length === 0 ? [] : [tagged(encodeFile(columnsOf(rows), night), tag)],
        this.#table.path,
      );
      const positions = new Map([[countsId, { from, to: (from ?? 0) + 1 }]]);
      if (
        this.#commit({
          operation: "aggregation",
          add: written.files,
          remove,
          ...(written.schema && { schema: written.schema }),
          positions,
        })
      )
        return;
    }
  }

  /** False: another process was first, and nothing was changed. */
  #commit(change: Commit): boolean {
    try {
      this.#table.commit(change);
      return true;
    } catch (error) {
      discard(this.#table.path, change.add ?? []);
      if (error instanceof FinkError && error.code === "fenced") return false;
      throw error;
    }
  }

  async #rowsOf(
    night: number,
    aggregations: readonly Aggregation[],
    problems: Set<string>,
  ): Promise<Statistic[]> {
    const rows: Statistic[] = [];
    const session = await openSession(this.#lake, { surveys: new Surveys([this.#survey]) });
    try {
      for (const aggregation of aggregations) {
        const found = await nightStatistics(session, this.#survey, night, aggregation).catch(
          (error: unknown) => void problems.add(messageOf(error)),
        );
        rows.push(...(found ?? []));
      }
    } finally {
      session.close();
    }
    return rows;
  }
}

function nightsAfter(table: LakeTable, from: number | null): (string | null)[] {
  if (table.snapshot.version < (from ?? 0)) return [];
  const { files, removed } = changesAfter(table, (from ?? 0) - 1, Infinity);
  return [...files, ...removed].map(({ partitionValues }) => partitionValues?.["night"] ?? null);
}

function tagOf(aggregations: readonly Aggregation[]): string {
  return createHash("sha256")
    .update(
      aggregations
        .map(({ name, version }) => `${name}@${version}`)
        .sort()
        .join(),
    )
    .digest("hex")
    .slice(0, 16);
}

function tagged({ add, ...file }: EncodedFile, tag: string): EncodedFile {
  return { ...file, add: { ...add, tags: { ...add.tags, [madeBy]: tag } } };
}

function columnsOf(rows: readonly Statistic[]): Data<Struct> {
  const texts = (name: string, of: (row: Statistic) => string) =>
    [name, toArrow({ type: "string" }, { values: rows.map(of) }, rows.length)] as const;
  const start = makeData({
    type: new TimestampMicrosecond("UTC"),
    length: rows.length,
    nullCount: 0,
    data: BigInt64Array.from(rows, (row) => BigInt(row.start) * 1000n),
  });
  const value = toArrow(
    { type: "double" },
    { values: Float64Array.from(rows, (row) => row.value) },
    rows.length,
  );
  return nested(
    [
      texts("aggregation", (row) => row.aggregation),
      texts("version", (row) => row.version),
      texts("window", (row) => row.window),
      ["start", start],
      texts("group", (row) => row.group),
      texts("name", (row) => row.name),
      ["value", value],
    ],
    rows.length,
  );
}
