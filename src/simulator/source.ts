import { setTimeout as sleep } from "node:timers/promises";
import type { AlertSource, Sink, SourceLag, SourcePartition } from "../sources/source.ts";
import { packetsOf, type SimulationOptions } from "./night/batch.ts";
import { simulate } from "./night/simulate.ts";

/**
 * Simulated nights as a stream: their alerts come at a steady rate, published now. Read again it
 * goes on after what the lake has.
 */
export class SimulatedSource implements AlertSource {
  readonly name = "simulator";
  readonly #options: SimulationOptions;
  readonly #perSecond: number;
  readonly #partition: SourcePartition;
  readonly #atDawn: (() => void) | undefined;
  #put = 0;
  #rewound = false;

  /**
   * `atDawn` is told that the last alert was sent; the source then stays, as a telescope by day.
   * Without it the source ends.
   */
  constructor(options: SimulationOptions, perSecond: number, atDawn?: () => void) {
    this.#options = options;
    this.#atDawn = atDawn;
    this.#perSecond = perSecond;
    const { survey, nights, seed, alerts } = options;
    const source = `simulated_${survey}_${nights[0]}_${seed}_${alerts}`;
    this.#partition = {
      survey,
      source,
      partition: 0,
      appId: `simulator:${source}`,
      counts: "messages",
    };
  }

  async run(sink: Sink, signal: AbortSignal): Promise<void> {
    do {
      this.#rewound = false;
      await this.#stream(sink, signal);
      const isOver = () => signal.aborted || this.#rewound;
      if (!this.#atDawn || isOver()) continue;
      this.#atDawn();
      while (!isOver()) await sleep(200);
    } while (this.#rewound && !signal.aborted);
  }

  committed(): void {}

  rewind(): void {
    this.#rewound = true;
  }

  async lag(): Promise<SourceLag[]> {
    return [{ source: this.#partition.source, partition: 0, lag: 0 }];
  }

  async #stream(sink: Sink, signal: AbortSignal): Promise<void> {
    const from = Number((await sink.position(this.#partition)) ?? 0n);
    let due = 0;
    this.#put = 0;
    for await (const batch of simulate(this.#options, { workers: 1, signal })) {
      for (const bytes of packetsOf(batch)) {
        const offset = this.#put++;
        if (offset < from) continue;
        // from the first alert on: before it the sky is planned
        due = (due || performance.now()) + 1000 / this.#perSecond;
        await sleep(Math.max(0, due - performance.now()));
        if (signal.aborted || this.#rewound) return;
        if (!sink.put(this.#partition, BigInt(offset), BigInt(offset + 1), Date.now(), bytes))
          await sink.room();
      }
    }
  }
}
