import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { FinkError, messageOf } from "../errors.ts";
import type { Survey } from "../surveys/definition.ts";
import type { ScienceSetup } from "./module.ts";
import type { Kind, Work } from "./work.ts";
import {
  type Answer,
  type Ready,
  type Request,
  signEveryMs,
  Signs,
  type WorkerSetup,
} from "./worker.ts";

/** More than this one disk hardly feeds. */
const mostByDefault = 8;
/** While the modules of one file wait for answers, others are computed. */
const jobsPerThread = 4;
/** A module that hangs while it is loaded is not waited for any longer. */
const mostLoadingMs = 20_000;
/** How often a file may take its thread down for no module's fault that is known. */
const mostDeaths = 2;

/**
 * Threads that compute. One that gives no sign for `science.limitSeconds`, or dies, is replaced;
 * what it had in hand is computed again without the module that it ran then. So a module can hang,
 * or end the thread, and costs its own columns of those files.
 */
export class SciencePool {
  readonly size: number;
  /** Files that are no modules, and what took a thread down: each once. */
  readonly troubles = new Set<string>();
  /** Modules that cannot run here, and why. */
  readonly unavailable = new Map<string, string>();
  readonly #said: (trouble: string) => void;
  readonly #setup: ScienceSetup;
  readonly #surveys: readonly Survey[];
  readonly #threads: Thread[];
  readonly #waiting: Task[] = [];
  #isClosed = false;

  constructor(
    setup: ScienceSetup,
    surveys: readonly Survey[],
    said: (trouble: string) => void = () => {},
  ) {
    const { workers } = setup.config;
    this.size =
      workers > 0 ? workers : Math.max(1, Math.min(mostByDefault, availableParallelism() - 1));
    this.#setup = setup;
    this.#surveys = surveys;
    this.#said = said;
    this.#threads = Array.from({ length: this.size }, () => this.#thread());
  }

  /** Throws what the work threw. */
  run<K extends Kind>(kind: K, job: Work[K]["job"]): Promise<Work[K]["answer"]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        kind,
        job,
        off: new Map(),
        deaths: 0,
        resolve: resolve as Task["resolve"],
        reject,
      });
      this.#next();
    });
  }

  /**
   * From the next file on modules are loaded anew, by new threads: what a thread has loaded stays
   * as it was.
   */
  renew(): void {
    this.troubles.clear();
    this.unavailable.clear();
    const old = this.#threads.splice(
      0,
      this.#threads.length,
      ...this.#threads.map(() => this.#thread()),
    );
    for (const thread of old) void thread.endWhenIdle();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  #trouble(trouble: string): void {
    if (!this.troubles.has(trouble)) this.#said(trouble);
    this.troubles.add(trouble);
  }

  #thread(): Thread {
    return new Thread(this.#setup, this.#surveys, {
      free: () => this.#next(),
      said: ({ problems, unavailable }) => {
        for (const [name, reason] of unavailable) this.unavailable.set(name, reason);
        for (const problem of problems) this.#trouble(`left out: ${problem}`);
      },
      died: (thread, reason) => this.#replace(thread, reason),
    });
  }

  #next(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const thread = this.#threads.reduce((a, b) => (b.tasks.size < a.tasks.size ? b : a));
      if (thread.tasks.size >= jobsPerThread) return;
      thread.run(this.#waiting.shift()!);
    }
  }

  #replace(thread: Thread, reason: string): void {
    if (this.#isClosed) return;
    const { names, request } = thread.suspects();
    for (const name of names) this.#trouble(`${name} was left out of a file of alerts: ${reason}`);
    for (const [id, task] of thread.tasks) {
      if (request === null || request === id) for (const name of names) task.off.set(name, reason);
      if (names.length === 0 && ++task.deaths >= mostDeaths)
        task.reject(new FinkError("internal", `a thread of science ended: ${reason}`));
      else this.#waiting.unshift(task);
    }
    const at = this.#threads.indexOf(thread);
    if (at >= 0) this.#threads[at] = this.#thread();
    this.#next();
  }
}

interface Task {
  readonly kind: Kind;
  readonly job: Work[Kind]["job"];
  readonly off: Map<string, string>;
  deaths: number;
  readonly resolve: (answer: Work[Kind]["answer"]) => void;
  readonly reject: (error: unknown) => void;
}

interface ThreadEvents {
  free(): void;
  said(ready: Ready): void;
  /** Its tasks are not done. */
  died(thread: Thread, reason: string): void;
}

class Thread {
  readonly tasks = new Map<number, Task>();
  readonly #worker: Worker;
  readonly #events: ThreadEvents;
  readonly #signs = new BigInt64Array(new SharedArrayBuffer(Signs.size * 8));
  readonly #watch: NodeJS.Timeout;
  /** It has loaded its modules, or ended. */
  readonly #isLoaded = Promise.withResolvers<void>();
  #modules: readonly string[] = [];
  #count = 0;
  #silentLooks = 0;
  #isLast = false;
  #isOver = false;

  constructor(setup: ScienceSetup, surveys: readonly Survey[], events: ThreadEvents) {
    this.#events = events;
    const workerData: WorkerSetup = {
      setup,
      surveys,
      signs: this.#signs.buffer as SharedArrayBuffer,
    };
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
    this.#worker.on("message", (message: Ready | Answer) => this.#hear(message));
    this.#worker.on("error", (error) => this.#die(messageOf(error)));
    this.#worker.on("exit", () => {
      this.#isLoaded.resolve();
      this.#die("it ended its thread");
    });
    this.#watch = setInterval(() => this.#look(setup.config.limitSeconds), signEveryMs);
  }

  run(task: Task): void {
    const request: Request = {
      id: this.#count++,
      kind: task.kind,
      job: task.job,
      off: [...task.off],
    };
    this.tasks.set(request.id, task);
    this.#worker.postMessage(request);
  }

  /**
   * The module it runs, and for which request; else those it waits for, which may run on after
   * their first answer.
   */
  suspects(): { readonly names: readonly string[]; readonly request: number | null } {
    const running = Number(Atomics.load(this.#signs, Signs.running));
    if (running > 0)
      return {
        names: [this.#modules[running - 1]],
        request: Number(Atomics.load(this.#signs, Signs.request)),
      };
    return {
      names: this.#modules.filter((_, i) => Atomics.load(this.#signs, Signs.waiting + i) > 0n),
      request: null,
    };
  }

  async endWhenIdle(): Promise<void> {
    this.#isLast = true;
    if (this.tasks.size === 0) await this.end();
  }

  /**
   * Waits until the thread has loaded its modules: ending it while native code (DuckDB) loads can
   * abort the process.
   */
  async end(): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#watch);
    await Promise.race([this.#isLoaded.promise, sleep(mostLoadingMs, null, { ref: false })]);
    await this.#worker.terminate();
  }

  #hear(message: Ready | Answer): void {
    if ("modules" in message) {
      this.#modules = message.modules;
      this.#isLoaded.resolve();
      return this.#events.said(message);
    }
    const task = this.tasks.get(message.id)!;
    this.tasks.delete(message.id);
    if ("answer" in message) task.resolve(message.answer);
    else task.reject(new FinkError(message.code, message.message));
    this.#events.free();
    if (this.#isLast) void this.endWhenIdle();
  }

  #look(limitSeconds: number): void {
    const at = Number(Atomics.load(this.#signs, Signs.at));
    const silentMs = at === 0 || this.tasks.size === 0 ? 0 : Date.now() - at;
    this.#silentLooks = silentMs > limitSeconds * 1000 ? this.#silentLooks + 1 : 0;
    // once alone may be a computer that slept
    if (this.#silentLooks > 1) this.#die(`it took longer than ${limitSeconds} s`);
  }

  #die(reason: string): void {
    if (this.#isOver) return;
    void this.end();
    this.#events.died(this, reason);
  }
}
