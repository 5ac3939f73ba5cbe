import { Worker } from "node:worker_threads";
import { FinkError } from "../../errors.ts";
import type { Failure, Question, WorkerData } from "./worker.ts";

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Worker threads that answer tasks. */
export class MakerPool {
  readonly #workers: { readonly worker: Worker; busy: number }[];
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(workers: number, workerData: WorkerData) {
    this.#workers = Array.from({ length: workers }, () => ({
      worker: new Worker(new URL("worker.ts", import.meta.url), {
        workerData,
        resourceLimits: { maxYoungGenerationSizeMb: 32, maxOldGenerationSizeMb: 640 },
      }),
      busy: 0,
    }));
    for (const slot of this.#workers) {
      slot.worker.on(
        "message",
        ({ id, result, error }: { id: number; result?: unknown; error?: Failure }) => {
          const waiting = this.#waiting.get(id);
          this.#waiting.delete(id);
          slot.busy--;
          if (error === undefined) waiting?.resolve(result);
          else waiting?.reject(new FinkError(error.code, error.message));
        },
      );
      slot.worker.on("error", (error) => {
        for (const waiting of this.#waiting.values()) waiting.reject(error);
        this.#waiting.clear();
      });
    }
  }

  get size(): number {
    return this.#workers.length;
  }

  ask<T>(question: Question): Promise<T> {
    const id = this.#next++;
    const slot = this.#workers.reduce((a, b) => (b.busy < a.busy ? b : a));
    slot.busy++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      slot.worker.postMessage({ ...question, id });
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }
}
