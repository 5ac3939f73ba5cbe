import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { FinkError, messageOf } from "../errors.ts";
import { onlyColumns } from "../science/alerts.ts";
import { openAlertFile } from "../science/parquet.ts";
import type { FilterFunction } from "./filter.ts";

export type FunctionAbout = Omit<FilterFunction, "select">;

type Answer = { readonly value: unknown } | { readonly error: string; readonly isOver?: true };

/** Column of the files that functions are given: the row's number in the batch. */
export const rowColumn = "_row";

const startSeconds = 20;
const megabytes = 512;

/**
 * The process of one `.ts` filter. It is killed with what it does when it takes too long; the next call starts another. A thread does not do: ending one while
 * native code loads or runs in it (DuckDB, for catalogues) can abort the whole service.
 */
export class FunctionProcess {
  readonly #file: string;
  readonly #lake: string;
  #child: ChildProcess | null = null;

  /** The lake has the catalogues that the filter may look into. */
  constructor(file: string, lake: string) {
    this.#file = file;
    this.#lake = lake;
  }

  /** The file's own description. Throws "filter" if the file exports no filter. */
  async about(): Promise<FunctionAbout> {
    return (await this.#ask(null, startSeconds)) as FunctionAbout;
  }

  /** Numbers of the selected rows among alerts in a Parquet file. */
  async select(file: string, seconds: number): Promise<readonly number[]> {
    if (!this.#child) await this.about(); // loading it does not count as its time
    return (await this.#ask(file, seconds)) as readonly number[];
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  async #ask(file: string | null, seconds: number): Promise<unknown> {
    const child = (this.#child ??= this.#start());
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const onError = (error: unknown) => resolve({ error: messageOf(error), isOver: true });
    const onExit = (code: number | null, signal: string | null) =>
      resolve({ error: `it ended its process (${signal ?? `code ${code}`}); it may have needed more than ${megabytes} MB of memory`, isOver: true });
    const timer = setTimeout(() => resolve({ error: `it took longer than ${seconds} s and was stopped`, isOver: true }), seconds * 1000);
    child.on("message", resolve).on("error", onError).on("exit", onExit);
    if (child.connected) child.send({ file });
    const given = await promise;
    clearTimeout(timer);
    child.off("message", resolve).off("error", onError).off("exit", onExit);
    if ("value" in given) return given.value;
    if (given.isOver) await this.close();
    throw new FinkError("filter", given.error);
  }

  #start(): ChildProcess {
    const cache = process.env["NODE_COMPILE_CACHE"];
    const child = fork(import.meta.filename, [this.#file, this.#lake, String(process.pid)], {
      env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }, // no secrets
      execArgv: [`--max-old-space-size=${megabytes}`, "--disable-warning=ExperimentalWarning"],
      serialization: "advanced",
      stdio: ["ignore", 2, 2, "ipc"], // what it prints does not go among the results of a command
    });
    child.unref();
    child.channel?.unref();
    child.on("error", () => {}); // one that nobody hears would end the process
    child.on("exit", () => {
      if (this.#child === child) this.#child = null;
    });
    return child;
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

async function answerTo(file: string | null, lake: string, loaded: Promise<FilterFunction>): Promise<unknown> {
  const { select, ...about } = await loaded;
  if (file === null) return about;
  const alerts = await (await openAlertFile(file)).read([rowColumn, ...about.needs]);
  const mask: unknown = await select(onlyColumns(alerts, about.needs), { catalogue: (name) => catalogue(lake, name) });
  if (!(mask instanceof Uint8Array) || mask.length !== alerts.count) {
    const given = mask instanceof Uint8Array ? `, not ${mask.length}` : "";
    throw new FinkError("filter", `select has to give a Uint8Array of ${alerts.count}, an element per alert${given}`);
  }
  const rows = alerts.numbers(rowColumn);
  return Array.from(rows).filter((_, i) => mask[i] === 1);
}

/** DuckDB is loaded only for filters that look into catalogues. */
async function catalogue(lake: string, name: string) {
  const [{ catalogueNamed }, { catalogueInMemory }] = await Promise.all([import("../science/catalogue/catalogue.ts"), import("../science/catalogue/load.ts")]);
  return await catalogueInMemory(lake, catalogueNamed(lake, name));
}

/** In the process of the filter: answers until the one that asks is gone. */
function serve(file: string, lake: string, parent: string): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {}); // the service is told as well, and finishes its batch
  process.on("disconnect", () => process.exit());
  // a function that never ends keeps the process from hearing that the service was killed
  const watch = `setInterval(() => { if (process.ppid !== ${Number(parent)}) process.kill(process.pid, "SIGKILL"); }, 1000)`;
  new Worker(watch, { eval: true }).unref();
  const loaded = load(file);
  loaded.catch(() => null);
  process.on("message", ({ file: alerts }: { file: string | null }) => {
    answerTo(alerts, lake, loaded).then(
      (value) => process.send!({ value } satisfies Answer),
      (error: unknown) => process.send!({ error: messageOf(error) } satisfies Answer),
    );
  });
}

if (process.send && process.argv[1] === import.meta.filename && process.argv.length === 5) serve(process.argv[2], process.argv[3], process.argv[4]);
