import { type Band, inEachBand } from "../survey/telescope.ts";
import type { PerBand } from "./stellar.ts";

/**
 * One cycle of a light curve that repeats: magnitudes, 1 from peak to peak, brightest at phase 0;
 * and what its mean flux is at an amplitude.
 */
export interface Waveform {
  readonly magnitudes: Float64Array;
  /** ln of the mean over a cycle of the flux, for amplitudes in steps of 0.1 mag. */
  readonly logMeanFlux: Float64Array;
}

const samples = 256;
const [amplitudeStep, amplitudeSteps] = [0.1, 120];
/** ln of the flux for 1 mag. */
const perMagnitude = -0.4 * Math.LN10;

/** From any shape in magnitudes, phase 0 … 1. */
export function waveformOf(shape: (phase: number) => number): Waveform {
  const raw = Float64Array.from({ length: samples }, (_, i) => shape(i / samples));
  const [brightest, faintest] = [Math.min(...raw), Math.max(...raw)];
  const start = raw.indexOf(brightest);
  // one more than a cycle, so that interpolation needs no wrap
  const magnitudes = Float64Array.from(
    { length: samples + 1 },
    (_, i) => (raw[(start + i) % samples] - brightest) / (faintest - brightest),
  );
  return {
    magnitudes,
    logMeanFlux: Float64Array.from({ length: amplitudeSteps + 1 }, (_, i) =>
      logMeanOf(magnitudes, i * amplitudeStep),
    ),
  };
}

/**
 * Σ a sin(2π k phase + φ), k = 1, 2, …: the sine series that is usual for pulsating stars (Simon &
 * Lee 1981, ApJ 248, 291).
 */
export function fourier(
  terms: readonly (readonly [amplitude: number, phase: number])[],
): (phase: number) => number {
  return (phase) =>
    terms.reduce(
      (sum, [amplitude, shift], k) =>
        sum + amplitude * Math.sin(2 * Math.PI * (k + 1) * phase + shift),
      0,
    );
}

export const sine = waveformOf(fourier([[1, 0]]));

export interface Wave {
  readonly waveform: Waveform;
  readonly periodDays: number;
  /** When it is brightest. */
  readonly epochMjd: number;
  /** From peak to peak. */
  readonly amplitudeMagR: number;
}

/**
 * Flux relative to its mean over all phases, minus 1. The magnitudes of the waves add up; as their
 * periods have no common multiple, the mean flux is the product of theirs. `factors`: amplitude in
 * that band relative to r.
 */
export function periodic(
  factors: PerBand,
  ...waves: readonly Wave[]
): (mjd: number, band: Band) => number {
  const logMeanIn = (band: Band): number =>
    waves.reduce(
      (sum, { waveform, amplitudeMagR }) =>
        sum + logMeanFlux(waveform, amplitudeMagR * factors[band]),
      0,
    );
  const logMean = inEachBand(logMeanIn);
  return (mjd, band) => {
    let inR = 0;
    for (const { waveform, periodDays, epochMjd, amplitudeMagR } of waves)
      inR += amplitudeMagR * magnitudeAt(waveform, (mjd - epochMjd) / periodDays);
    return Math.exp(perMagnitude * factors[band] * inR - logMean[band]) - 1;
  };
}

/** 0 at the brightest, 1 at the faintest, after any number of cycles. */
function magnitudeAt({ magnitudes }: Waveform, cycles: number): number {
  const position = (cycles - Math.floor(cycles)) * samples;
  const index = Math.floor(position);
  return (
    magnitudes[index] +
    (position - index) * (magnitudes[Math.min(index + 1, samples)] - magnitudes[index])
  );
}

/** ln of the mean flux, relative to the brightest. */
function logMeanFlux({ logMeanFlux }: Waveform, amplitude: number): number {
  const position = Math.min(amplitude / amplitudeStep, amplitudeSteps - 1e-9);
  const index = Math.floor(position);
  return logMeanFlux[index] + (position - index) * (logMeanFlux[index + 1] - logMeanFlux[index]);
}

function logMeanOf(magnitudes: Float64Array, amplitude: number): number {
  let sum = 0;
  for (let i = 0; i < samples; i++) sum += Math.exp(perMagnitude * amplitude * magnitudes[i]);
  return Math.log(sum / samples);
}
