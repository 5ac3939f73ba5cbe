import type { Batch, SimulationOptions } from "./batch.ts";
import { asteroidsOf, type Maker, makerOf, type Part, skyDensity } from "./make.ts";
import { planNight } from "./plan.ts";
import { MakerPool } from "./pool.ts";

export interface SimulationRun {
  /** Threads; the result is the same for any number. */
  readonly workers: number;
  readonly signal?: AbortSignal;
}

/**
 * Packets made in one go: enough to be worth a message between threads, few enough to keep memory
 * small.
 */
const alertsPerPart = 250;
const visitsPerTask = 8;

/** All nights in order, visit by visit. */
export async function* simulate(
  options: SimulationOptions,
  { workers, signal }: SimulationRun,
): AsyncGenerator<Batch> {
  const density = skyDensity(options);
  const maker = makerOf(options, density);
  const asteroids = asteroidsOf(options, density);
  const pool = new MakerPool(workers, { options, density, asteroids });
  try {
    await drawAsteroids(pool, asteroids.size);
    for (const night of options.nights) yield* nightFrom(pool, options, night, maker, signal);
  } finally {
    await pool.close();
  }
}

/** The same in this thread, when the caller asks for the next: for small skies. */
export function* simulateHere(options: SimulationOptions): Generator<Batch> {
  const maker = makerOf(options, skyDensity(options));
  for (const night of options.nights) {
    const ranks = maker.visits(night).map((_, visit) => maker.ranks(night, visit));
    for (const part of partsOf(night, ranks, options.alerts)) yield maker.make(part);
  }
}

/** Asks ahead, gives in order: never more batches in memory than a few for each worker. */
async function* nightFrom(
  pool: MakerPool,
  options: SimulationOptions,
  night: string,
  maker: Maker,
  signal?: AbortSignal,
): AsyncGenerator<Batch> {
  const parts = partsOf(
    night,
    await ranksOf(pool, night, maker.visits(night).length),
    options.alerts,
  )[Symbol.iterator]();
  const asked: Promise<Batch>[] = [];
  for (;;) {
    while (asked.length < 2 * pool.size + 1) {
      const { value: part, done } = parts.next();
      if (done) break;
      const batch = pool.ask<Batch>({ part });
      batch.catch(() => {}); // it is awaited later
      asked.push(batch);
    }
    const next = asked.shift();
    if (!next || signal?.aborted) return;
    yield await next;
  }
}

/** Each thread draws some, all of them use all. */
async function drawAsteroids(pool: MakerPool, size: number): Promise<void> {
  const step = Math.ceil(size / pool.size);
  const tasks: Promise<null>[] = [];
  for (let from = 0; from < size; from += step)
    tasks.push(pool.ask({ asteroids: { from, to: Math.min(from + step, size) } }));
  await Promise.all(tasks);
}

async function ranksOf(pool: MakerPool, night: string, visits: number): Promise<Float64Array[]> {
  const tasks: Promise<Float64Array[]>[] = [];
  for (let from = 0; from < visits; from += visitsPerTask) {
    const numbers = Array.from(
      { length: Math.min(visitsPerTask, visits - from) },
      (_, i) => from + i,
    );
    tasks.push(pool.ask({ ranks: { night, visits: numbers } }));
  }
  return (await Promise.all(tasks)).flat();
}

function* partsOf(night: string, ranks: readonly Float64Array[], alerts: number): Generator<Part> {
  for (const { visit, alerts: ofVisit } of planNight(ranks, alerts)) {
    for (let from = 0; from < ofVisit; from += alertsPerPart)
      yield { night, visit, from, to: Math.min(from + alertsPerPart, ofVisit), ofVisit };
  }
}
