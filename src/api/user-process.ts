import { answerQuestions, isAsked, KillableProcess, ProcessEnded } from "../killable-process.ts";
import type { Survey } from "../surveys/definition.ts";
import type { Filter } from "../filters/filter.ts";
import type { FilterFolders } from "./pages/lake.ts";
import type { SqlLimits } from "./sql-answer.ts";

/** The lake that a reader asks about. */
export interface AskedLake {
  readonly lake: string;
  readonly surveys: readonly Survey[];
}

interface AskedFilter extends AskedLake {
  readonly filters: FilterFolders;
  readonly survey: string;
  /** A text of the reader's, or a filter of the operator's. */
  readonly filter: string | Filter;
}

/** A reader's query or filter, and what it is to run on. */
export type UserWork =
  | { readonly kind: "load"; readonly of: UserWork["kind"] }
  | (AskedLake & {
      readonly kind: "sql";
      readonly sql: string;
      readonly format: "json" | "arrow";
      readonly limits: SqlLimits;
    })
  | (AskedFilter & { readonly kind: "test filter"; readonly nights: number })
  | (AskedFilter & {
      readonly kind: "explain filter";
      readonly alertId: string;
      readonly night: number;
    });

/**
 * At a time of each kind: each has memory of its own, and more would take the cores from the pages'
 * readers.
 */
const mostOfAKind = 2;
const idleMs = 30_000;
const startSeconds = 30;
const heapMegabytes = 1024;

/** Too many of that kind are running. */
export class TooMany extends Error {}

/**
 * Readers' SQL and filters, in processes that are killed with what they do when their time or
 * memory is over: DuckDB cannot be interrupted while it plans, and what one expression makes is not
 * counted by its own limit.
 */
export class UserProcesses {
  readonly #residentMegabytes: number;
  readonly #idle: { readonly process: KillableProcess; readonly end: NodeJS.Timeout }[] = [];
  readonly #running = new Map<UserWork["kind"], number>();

  constructor({ sqlMegabytes }: Pick<SqlLimits, "sqlMegabytes">) {
    this.#residentMegabytes = sqlMegabytes + heapMegabytes;
  }

  /** Throws TooMany, ProcessEnded, the signal's reason, and the FinkErrors of the work. */
  async run(work: UserWork, seconds: number, signal?: AbortSignal): Promise<unknown> {
    const running = this.#running.get(work.kind) ?? 0;
    if (running >= mostOfAKind) throw new TooMany();
    this.#running.set(work.kind, running + 1);
    const process = this.#take();
    const wasIdle = process.isRunning;
    const run = async () => {
      if (!process.isRunning)
        // does not count as its time
        await process.ask({ kind: "load", of: work.kind } satisfies UserWork, startSeconds, signal);
      return await process.ask(work, seconds, signal);
    };
    try {
      return await run();
    } catch (error) {
      // a crash of its own is answered by the second process
      if (wasIdle && error instanceof ProcessEnded && error.why === "exit") return await run();
      throw error;
    } finally {
      this.#running.set(work.kind, this.#running.get(work.kind)! - 1);
      this.#keep(process);
    }
  }

  #take(): KillableProcess {
    const kept = this.#idle.pop();
    if (!kept)
      return new KillableProcess(import.meta.filename, {
        heapMegabytes,
        residentMegabytes: this.#residentMegabytes,
      });
    clearTimeout(kept.end);
    return kept.process;
  }

  /** The next question starts without the half second that a new process takes. */
  #keep(process: KillableProcess): void {
    if (!process.isRunning) return;
    const end = setTimeout(() => {
      this.#idle.splice(this.#idle.indexOf(one), 1);
      void process.close();
    }, idleMs).unref();
    const one = { process, end };
    this.#idle.push(one);
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#idle.splice(0).map(({ process, end }) => {
        clearTimeout(end);
        return process.close();
      }),
    );
  }
}

const sqlModule = () => import("./sql-answer.ts");
const labModules = () =>
  Promise.all([
    import("./pages/filter-lab.ts"),
    import("./pages/lake.ts"),
    import("../serving/sources.ts"),
    import("../surveys/surveys.ts"),
  ]);

async function answerTo(work: UserWork): Promise<unknown> {
  if (work.kind === "load") return void (await (work.of === "sql" ? sqlModule() : labModules()));
  if (work.kind === "sql") return await (await sqlModule()).answerSql(work);
  const [{ explainFilter, testFilter }, { PageLake }, { Sources }, { Surveys }] =
    await labModules();
  const surveys = new Surveys(work.surveys);
  const sources = new Sources(work.lake, surveys);
  try {
    const lake = new PageLake(work.lake, surveys, work.filters, sources);
    if (work.kind === "test filter")
      return await testFilter(lake, work.survey, work.filter, work.nights);
    return await explainFilter(lake, work.survey, work.filter, work.alertId, work.night);
  } finally {
    await sources.close();
  }
}

if (isAsked(import.meta.filename)) answerQuestions((asked) => answerTo(asked as UserWork));
