import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { FinkError, messageOf } from "../errors.ts";
import type { Answer, Job, Outcome, Request, WorkerSetup } from "./worker.ts";

/** More than this the main thread can hardly feed; each takes some 350 MB. */
const mostByDefault = 4;

/** Threads that decode and write. A batch's buffer travels to the worker and back. */
export class WorkerPool {
  readonly size: number;
  /** Rejects when a thread dies: of a defect or of memory, never of an alert. */
  readonly died: Promise<never>;
  readonly #threads: Thread[];
  readonly #waiting: { job: Job; done: (outcome: Outcome) => void }[] = [];

  constructor(workers: number, setup: WorkerSetup) {
    this.size =
      workers > 0 ? workers : Math.max(1, Math.min(mostByDefault, availableParallelism() - 1));
    this.#threads = Array.from({ length: this.size }, () => new Thread(setup, () => this.#next()));
    this.died = new Promise((_, reject) =>
      this.#threads.forEach((t) => t.worker.once("error", (error) => reject(deathOf(error)))),
    );
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
    while (this.#waiting.length > 0) {
      const thread = this.#threads.reduce((a, b) => (b.jobs < a.jobs ? b : a));
      if (thread.jobs >= jobsPerThread) return;
      const { job, done } = this.#waiting.shift()!;
      thread.run(job, done);
    }
  }
}

/** One being decoded while the one before it goes to the disk. */
const jobsPerThread = 2;

class Thread {
  readonly worker: Worker;
  readonly #free: () => void;
  readonly #running = new Map<number, { job: Job; done: (outcome: Outcome) => void }>();
  #count = 0;

  constructor(setup: WorkerSetup, free: () => void) {
    this.#free = free;
    this.worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: setup });
    this.worker.on("message", (answer: Answer) => this.#answered(answer));
  }

  get jobs(): number {
    return this.#running.size;
  }

  run(job: Job, done: (outcome: Outcome) => void): void {
    const request: Request = { id: this.#count++, job };
    this.#running.set(request.id, { job, done });
    this.worker.postMessage(request, [job.batch.buffer]);
  }

  #answered({ id, outcome, buffer }: Answer): void {
    const { job, done } = this.#running.get(id)!;
    this.#running.delete(id);
    job.batch.buffer = buffer;
    done(outcome);
    this.#free();
  }
}

function deathOf(error: unknown): FinkError {
  return new FinkError(
    "internal",
    `a worker thread died (${messageOf(error)}); nothing is lost: start the service again`,
    error,
  );
}
