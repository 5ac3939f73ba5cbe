import { pathToFileURL } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { z } from "zod";
import { FinkError, messageOf } from "../errors.ts";
import { onlyColumns } from "../science/alerts.ts";
import { catalogueNamed } from "../science/catalogue/catalogue.ts";
import { catalogueInMemory } from "../science/catalogue/load.ts";
import { openAlertFile } from "../science/parquet.ts";
import type { FilterFunction } from "./filter.ts";

export type FunctionAbout = Omit<FilterFunction, "select">;

type Answer = { readonly value: unknown } | { readonly error: string; readonly isOver?: true };

/** Column of the files that functions are given: the row's number in the batch. */
export const rowColumn = "_row";

const startSeconds = 20;
const megabytes = 512;

/** The thread of one `.ts` filter. It is stopped with what it does when it takes too long; the next call starts another. */
export class FunctionThread {
  readonly #file: string;
  readonly #lake: string | null;
  #worker: Worker | null = null;

  /** The lake has the catalogues that the filter may look into. */
  constructor(file: string, lake: string | null = null) {
    this.#file = file;
    this.#lake = lake;
  }

  /** What the file says of itself. Throws "filter" for one that is no filter. */
  async about(): Promise<FunctionAbout> {
    return (await this.#ask(null, startSeconds)) as FunctionAbout;
  }

  /** Numbers of the selected rows among alerts in a Parquet file. */
  async select(file: string, seconds: number): Promise<readonly number[]> {
    if (!this.#worker) await this.about(); // loading it does not count as its time
    return (await this.#ask(file, seconds)) as readonly number[];
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  async #ask(file: string | null, seconds: number): Promise<unknown> {
    const worker = (this.#worker ??= this.#start());
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const onError = (error: unknown) => resolve({ error: messageOf(error), isOver: true });
    const onExit = () => resolve({ error: "it ended its thread", isOver: true });
    const timer = setTimeout(() => resolve({ error: `it took longer than ${seconds} s and was stopped`, isOver: true }), seconds * 1000);
    worker.on("message", resolve).on("error", onError).on("exit", onExit);
    worker.postMessage(file);
    const given = await promise;
    clearTimeout(timer);
    worker.off("message", resolve).off("error", onError).off("exit", onExit);
    if ("value" in given) return given.value;
    if (given.isOver) await this.close();
    throw new FinkError("filter", given.error);
  }

  #start(): Worker {
    const limits = { maxOldGenerationSizeMb: megabytes };
    const worker = new Worker(import.meta.filename, {
      workerData: { filter: this.#file, lake: this.#lake },
      resourceLimits: limits,
      env: {}, // and no execArgv: a thread has the process's V8 flags, and refuses them when they are named
    });
    worker.unref();
    worker.on("error", () => {}); // one that nobody hears would end the process
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = null;
    });
    return worker;
  }
}

const schema = z.object({
  description: z.string().min(1),
  needs: z.array(z.string().min(1)).min(1),
  select: z.custom<FilterFunction["select"]>((value) => typeof value === "function", "write a function"),
});

async function load(file: string): Promise<FilterFunction> {
  const exports = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const found = exports["default"] ?? Object.values(exports).find((value) => typeof value === "object" && value !== null && "select" in value);
  if (found === undefined) throw new FinkError("filter", "it exports no filter: write export default { description, needs, select(alerts) { … } }");
  const { error } = schema.safeParse(found);
  if (error) throw new FinkError("filter", `${error.issues[0].path.join(".")}: ${error.issues[0].message}`);
  return found as FilterFunction;
}

async function answerTo(file: string | null, lake: string | null, loaded: Promise<FilterFunction>): Promise<unknown> {
  const { select, ...about } = await loaded;
  if (file === null) return about;
  const alerts = await (await openAlertFile(file)).read([rowColumn, ...about.needs]);
  const catalogue = async (name: string) => await catalogueInMemory(lake ?? "", catalogueNamed(lake ?? "", name));
  const mask: unknown = await select(onlyColumns(alerts, about.needs), { catalogue });
  if (!(mask instanceof Uint8Array) || mask.length !== alerts.count) {
    const given = mask instanceof Uint8Array ? `, not ${mask.length}` : "";
    throw new FinkError("filter", `select has to give a Uint8Array of ${alerts.count}, an element per alert${given}`);
  }
  const rows = alerts.numbers(rowColumn);
  return Array.from(rows).filter((_, i) => mask[i] === 1);
}

if (!isMainThread && typeof (workerData as { filter?: unknown } | null)?.filter === "string") {
  const { filter, lake } = workerData as { filter: string; lake: string | null };
  const loaded = load(filter);
  loaded.catch(() => null);
  parentPort?.on("message", (file: string | null) => {
    answerTo(file, lake, loaded).then(
      (value) => parentPort?.postMessage({ value } satisfies Answer),
      (error: unknown) => parentPort?.postMessage({ error: messageOf(error) } satisfies Answer),
    );
  });
}
