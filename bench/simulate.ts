import type { Batch, SimulationOptions } from "../src/simulator/night/batch.ts";
import { asteroidsOf, makerOf } from "../src/simulator/night/make.ts";
import { MakerPool } from "../src/simulator/night/pool.ts";
import { simulate } from "../src/simulator/night/simulate.ts";
import type { SurveyName } from "../src/simulator/survey/telescope.ts";

export interface SimulationSpeed {
  /** Until the first packet: the sky is drawn, the night is planned. */
  readonly secondsToFirst: number;
  readonly perSecond: number;
  readonly cpuMsPerAlert: number;
  readonly meanBytes: number;
  readonly peakRssMegabytes: number;
}

const optionsFor = (
  survey: SurveyName,
  alerts: number,
  rates: Record<string, number> = {},
): SimulationOptions => ({
  survey,
  schema: survey === "ztf" ? "4.02" : "9.0",
  nights: ["2026-10-10"],
  alerts,
  seed: 1,
  rates,
});

/** A night of full-size packets, cutouts and all, on so many threads. */
export async function benchSimulation(
  survey: SurveyName,
  alerts: number,
  workers: number,
): Promise<SimulationSpeed> {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  let [first, made, bytes, peak] = [0, 0, 0, 0];
  for await (const batch of simulate(optionsFor(survey, alerts), { workers })) {
    first ||= performance.now();
    made += batch.ends.length;
    bytes += batch.bytes.length;
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    secondsToFirst: (first - started) / 1000,
    perSecond: (1000 * made) / (performance.now() - first),
    cpuMsPerAlert: (user + system) / 1000 / made,
    meanBytes: bytes / made,
    peakRssMegabytes: peak / 1e6,
  };
}

/**
 * Seconds to make one LSST visit of 10,000 alerts, all its objects drawn in them; asteroids are
 * thinned, for a whole sky of them takes long to draw.
 */
export async function benchVisit(alerts: number, workers: number): Promise<number> {
  const density = 6;
  const options = optionsFor("lsst", alerts, { main_belt: 0.02, trojan: 0.02, near_earth: 0.02 });
  const [night] = options.nights;
  const asteroids = asteroidsOf(options, density);
  const maker = makerOf(options, density, asteroids);
  const pool = new MakerPool(workers, { options, density, asteroids });
  try {
    await pool.ask({ asteroids: { from: 0, to: asteroids.size } });
    maker.drawAsteroids(0, asteroids.size);
    const large = maker
      .visits(night)
      .flatMap(({ field }, visit) =>
        Math.abs(field.b) < 30 && maker.ranks(night, visit).length >= alerts ? [visit] : [],
      );
    let seconds = 0;
    // the first ones warm the threads up, as the visits before do
    for (const visit of large.slice(0, 3)) {
      const started = performance.now();
      const froms = Array.from({ length: Math.ceil(alerts / 250) }, (_, i) => 250 * i);
      await Promise.all(
        froms.map((from) =>
          pool.ask<Batch>({
            part: { night, visit, from, to: Math.min(from + 250, alerts), ofVisit: alerts },
          }),
        ),
      );
      seconds = (performance.now() - started) / 1000;
    }
    return seconds;
  } finally {
    await pool.close();
  }
}
