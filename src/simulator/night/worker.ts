import { parentPort, workerData } from "node:worker_threads";
import { type ErrorCode, FinkError } from "../../errors.ts";
import type { Population } from "./asteroids.ts";
import type { SimulationOptions } from "./batch.ts";
import { type Maker, makerOf, type Part } from "./make.ts";

/**
 * What a worker is asked: to draw some of the asteroids, the ranks of some visits, or the alerts of
 * a part of one.
 */
export type Task = { readonly id: number } & Question;

export type Question =
  | { readonly asteroids: { readonly from: number; readonly to: number } }
  | { readonly ranks: { readonly night: string; readonly visits: readonly number[] } }
  | { readonly part: Part };

export interface WorkerData {
  readonly options: SimulationOptions;
  readonly density: number;
  readonly asteroids: Population;
}

/** The answer to a task, and the buffers that move instead of being copied. */
export function answer(
  maker: Maker,
  task: Task,
): { readonly result: unknown; readonly moved: ArrayBuffer[] } {
  if ("part" in task) {
    const batch = maker.make(task.part);
    return {
      result: batch,
      moved: [
        batch.bytes.buffer,
        batch.ends.buffer,
        batch.alertIds.buffer,
        batch.publishedAt.buffer,
      ],
    };
  }
  if ("asteroids" in task) {
    maker.drawAsteroids(task.asteroids.from, task.asteroids.to);
    return { result: null, moved: [] };
  }
  const ranks = task.ranks.visits.map((visit) => maker.ranks(task.ranks.night, visit));
  return { result: ranks, moved: ranks.map((r) => r.buffer) };
}

/** An error as it can travel between threads. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

function failureOf(error: unknown): Failure {
  return {
    code: error instanceof FinkError ? error.code : "internal",
    message: error instanceof FinkError ? error.message : ((error as Error).stack ?? String(error)),
  };
}

if (parentPort) {
  const port = parentPort;
  const { options, density, asteroids } = workerData as WorkerData;
  const maker = makerOf(options, density, asteroids);
  port.on("message", (task: Task) => {
    try {
      const { result, moved } = answer(maker, task);
      port.postMessage({ id: task.id, result }, moved);
    } catch (error) {
      port.postMessage({ id: task.id, error: failureOf(error) });
    }
  });
}
