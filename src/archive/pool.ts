import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { FinkError, messageOf } from "../errors.ts";
import type { Answer, Job, Outcome, WorkerSetup } from "./worker.ts";

/** Threads that decode and write. A batch's buffer travels to the worker and back. */
export class WorkerPool {
  readonly size: number;
  /** Rejects when a thread dies: of a defect or of memory, never of an alert. */
  readonly died: Promise<never>;
  readonly #threads: Thread[];
  readonly #waiting: { job: Job; done: (outcome: Outcome) => void }[] = [];

  constructor(workers: number, setup: WorkerSetup) {
    this.size = workers > 0 ? workers : Math.max(1, availableParallelism() - 1);
    this.#threads = Array.from({ length: this.size }, () => new Thread(setup, () => this.#next()));
    this.died = new Promise((_, reject) => this.#threads.forEach((t) => t.worker.once("error", (error) => reject(deathOf(error)))));
    this.died.catch(() => {}); // whoever runs looks at it; nobody may be running
  }

  run(job: Job): Promise<Outcome> {
    return new Promise((done) => {
      this.#waiting.push({ job, done });
      this.#next();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((t) => t.worker.terminate()));
  }

  #next(): void {
    for (const thread of this.#threads) {
      if (thread.busy || this.#waiting.length === 0) continue;
      const { job, done } = this.#waiting.shift()!;
      thread.run(job, done);
    }
  }
}

class Thread {
  readonly worker: Worker;
  readonly #free: () => void;
  #current: { job: Job; done: (outcome: Outcome) => void } | null = null;

  constructor(setup: WorkerSetup, free: () => void) {
    this.#free = free;
    this.worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: setup });
    this.worker.on("message", (answer: Answer) => this.#answered(answer));
  }

  get busy(): boolean {
    return this.#current !== null;
  }

  run(job: Job, done: (outcome: Outcome) => void): void {
    this.#current = { job, done };
    this.worker.postMessage(job, [job.batch.buffer]);
  }

  #answered({ outcome, buffer }: Answer): void {
    const { job, done } = this.#current!;
    job.batch.buffer = buffer;
    this.#current = null;
    done(outcome);
    this.#free();
  }
}

function deathOf(error: unknown): FinkError {
  return new FinkError("internal", `a worker thread died (${messageOf(error)}); nothing is lost: start the service again`, error);
}
