import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { FinkError } from "../errors.ts";
import { kept } from "../kept.ts";
import { answerQuestions, isAsked, KillableProcess, ProcessEnded } from "../killable-process.ts";
import { onlyColumns } from "../science/alerts.ts";
import { openAlertFile } from "../science/parquet.ts";
import type { Filter, FilterFunction } from "./filter.ts";

export type FunctionAbout = Omit<FilterFunction, "select">;

/**
 * A `.ts` filter: its file's text is what runs, also when the file has another by now. What it
 * imports is read from beside the file.
 */
type FunctionText = Pick<Filter, "file" | "text">;

interface Question extends FunctionText {
  readonly lake: string;
  /** A Parquet file; null: only load the filter and say what it is. */
  readonly alerts: string | null;
}

/** Column of the files that functions are given: the row's number in the batch. */
export const rowColumn = "_row";

const startSeconds = 20;
// catalogues are outside of the heap
const limits = { heapMegabytes: 512, residentMegabytes: 2048 };

/**
 * The process in which `.ts` filters run, one at a time. One that takes too long, or too much
 * memory, is killed with it; the others are loaded again in the next. A process takes 125 MB, hence
 * not one for each.
 */
export class FunctionProcess {
  readonly #lake: string;
  readonly #process = new KillableProcess(import.meta.filename, limits);
  /** What runs there. */
  readonly #loaded = new Map<string, FunctionAbout>();
  #last: Promise<unknown> = Promise.resolve();
  /** How often it was closed: what was killed by that is not run again. */
  #closes = 0;

  /** The lake has the catalogues that filters may look into. */
  constructor(lake: string) {
    this.#lake = lake;
  }

  /** The file's own description. Throws "filter" if the file exports no filter. */
  async about(filter: FunctionText): Promise<FunctionAbout> {
    return await this.#inTurn(() => this.#twice(() => this.#load(filter)));
  }

  /**
   * Numbers of the selected rows among alerts in a Parquet file. Loading the filter does not count
   * as its time.
   */
  async select(filter: FunctionText, alerts: string, seconds: number): Promise<readonly number[]> {
    const run = async () => {
      await this.#load(filter);
      return (await this.#ask(filter, alerts, seconds)) as readonly number[];
    };
    return await this.#inTurn(() => this.#twice(run)).catch((error: unknown) => {
      throw error instanceof ProcessEnded ? new FinkError("filter", error.message, error) : error;
    });
  }

  /**
   * What another filter left running, or somebody else, may have ended the process. Alone in a new
   * one, this filter shows whether it is at fault.
   */
  async #twice<T>(run: () => Promise<T>): Promise<T> {
    const closes = this.#closes;
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ProcessEnded) || error.why === "time" || closes !== this.#closes)
        throw error;
      return await run();
    }
  }

  /** Loads everything anew with the next question: a file has changed. */
  async restart(): Promise<void> {
    await this.#inTurn(() => this.#process.close());
  }

  /** Kills what runs. */
  async close(): Promise<void> {
    this.#closes++;
    await this.#process.close();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => null);
    return await done;
  }

  async #load(filter: FunctionText): Promise<FunctionAbout> {
    if (!this.#process.isRunning) this.#loaded.clear();
    const known = this.#loaded.get(keyOf(filter));
    if (known) return known;
    const about = (await this.#ask(filter, null, startSeconds)) as FunctionAbout;
    this.#loaded.set(keyOf(filter), about);
    return about;
  }

  async #ask(
    { file, text }: FunctionText,
    alerts: string | null,
    seconds: number,
  ): Promise<unknown> {
    return await this.#process.ask(
      { file, text, lake: this.#lake, alerts } satisfies Question,
      seconds,
    );
  }
}

function keyOf({ file, text }: FunctionText): string {
  return `${file}\n${text}`;
}

const schema = z.object({
  description: z.string().min(1),
  needs: z.array(z.string().min(1)).min(1),
  select: z.custom<FilterFunction["select"]>(
    (value) => typeof value === "function",
    "write a function",
  ),
});

async function load({ file, text }: FunctionText): Promise<FilterFunction> {
  const url = `${pathToFileURL(file).href}?${texts.size}`;
  texts.set(url, text);
  const exports = (await import(url)) as Readonly<Record<string, unknown>>;
  const found =
    exports["default"] ??
    Object.values(exports).find(
      (value) => typeof value === "object" && value !== null && "select" in value,
    );
  if (found === undefined)
    throw new FinkError(
      "filter",
      "it exports no filter: write export default { description, needs, select(alerts) { … } }",
    );
  const { error } = schema.safeParse(found);
  if (error)
    throw new FinkError("filter", `${error.issues[0].path.join(".")}: ${error.issues[0].message}`);
  return found as FilterFunction;
}

/** Of modules that are not taken from their files. */
const texts = new Map<string, string>();
const loaded = new Map<string, Promise<FilterFunction>>();

async function answerTo(question: Question): Promise<unknown> {
  const { lake, alerts: file } = question;
  const { select, ...about } = await kept(loaded, keyOf(question), () => load(question));
  if (file === null) return about;
  const alerts = await (await openAlertFile(file)).read([rowColumn, ...about.needs]);
  const mask: unknown = await select(onlyColumns(alerts, about.needs), {
    catalogue: (name) => catalogue(lake, name),
  });
  if (!(mask instanceof Uint8Array) || mask.length !== alerts.count) {
    const given = mask instanceof Uint8Array ? `, not ${mask.length}` : "";
    throw new FinkError(
      "filter",
      `select has to give a Uint8Array of ${alerts.count}, an element per alert${given}`,
    );
  }
  const rows = alerts.numbers(rowColumn);
  return Array.from(rows).filter((_, i) => mask[i] === 1);
}

/** DuckDB is loaded only for filters that look into catalogues. */
async function catalogue(lake: string, name: string) {
  const [{ catalogueNamed }, { catalogueInMemory }] = await Promise.all([
    import("../science/catalogue/catalogue.ts"),
    import("../science/catalogue/load.ts"),
  ]);
  return await catalogueInMemory(lake, catalogueNamed(lake, name));
}

if (isAsked(import.meta.filename)) {
  registerHooks({
    load: (url, context, next) => {
      const source = texts.get(url);
      return source === undefined
        ? next(url, context)
        : { format: "module-typescript", source, shortCircuit: true };
    },
  });
  answerQuestions((asked) => answerTo(asked as Question));
}
