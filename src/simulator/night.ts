import { FinkError } from "../errors.ts";
import { mjdOfMs, msOfMjd } from "../sky/time.ts";
import { lsstPacket } from "./lsst.ts";
import type { Packet } from "./packet.ts";
import { randomStream } from "./random.ts";
import { simulateSource } from "./sources.ts";
import { exposureCount, exposureOf, type SurveyName, telescopes } from "./telescope.ts";
import { ztfPacket } from "./ztf.ts";

export interface NightOptions {
  readonly survey: SurveyName;
  /** Date of the night, YYYY-MM-DD: the UTC day for ZTF, that of the evening in Chile for LSST. */
  readonly date: string;
  readonly alerts: number;
  readonly seed: number;
  /** Nights of history in each alert: 30, or with `short` 3. */
  readonly history?: "full" | "short";
}

export interface SimulatedAlert extends Packet {
  /** ms since 1970 */
  readonly publishedAt: number;
}

/** A night of alerts in the order of their exposures; the same options give the same bytes. */
export function* simulateNight(options: NightOptions): Generator<SimulatedAlert> {
  const { survey, alerts, seed, history = "full" } = options;
  const telescope = telescopes[survey];
  const date = mjdOfDate(options.date);
  const exposures = exposureCount(telescope, date);
  const packet = survey === "ztf" ? ztfPacket : lsstPacket;
  for (let number = 0, first = 0, last = -1; number < alerts; number++) {
    const index = Math.floor((number * exposures) / alerts);
    if (index !== last) [first, last] = [number, index];
    const exposure = exposureOf(telescope, date, index, seed);
    const random = randomStream(seed, date, number);
    const source = simulateSource(telescope, exposure, history === "full" ? 30 : 3, random);
    const readyAt = msOfMjd(exposure.mjd) + 1000 * (telescope.exposureSeconds + telescope.secondsToAlert);
    yield { ...packet({ source, number, inExposure: number - first, random }), publishedAt: Math.round(readyAt) + number - first };
  }
}

function mjdOfDate(date: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(date) : NaN;
  if (Number.isNaN(ms)) throw new FinkError("usage", `"${date}" is not a date; give the night as YYYY-MM-DD`);
  return mjdOfMs(ms);
}
