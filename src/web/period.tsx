import { useMemo, useState } from "preact/hooks";
import type { Measurement } from "../api/pages/types.ts";
import { Choice } from "./light-curve.tsx";
import { type Periodogram, peaks, periodogram, type Samples } from "./lomb-scargle.ts";
import { bandsOf, isNegative, marksOf, quantities, type Quantity, valueOf } from "./photometry.ts";
import { fitting } from "./plot-scale.ts";
import { type Mark, Plot } from "./plot.tsx";
import { Empty } from "./text.tsx";
import { useAddress } from "./use-address.ts";

const LEAST_POINTS = 10;
const OVERSAMPLING = 6;
const MOST_FREQUENCIES = 200_000;
const SHOWN_FREQUENCIES = 1500;

const ranges = {
  hours: { name: "30 min to 2 d", least: 1 / 2, greatest: 48 },
  days: { name: "2 h to 30 d", least: 1 / 30, greatest: 12 },
  long: { name: "2 d to the whole time", least: 0, greatest: 0.5 },
} as const;
type Range = keyof typeof ranges;

/** Phase-folded light curve; the period is searched or given. */
export function Period({
  name,
  points,
  quantity = "apparent",
}: {
  name: string;
  points: readonly Measurement[];
  quantity?: Quantity;
}) {
  const address = useAddress();
  const [range, setRange] = useState<Range>("days");
  const [found, setFound] = useState<{ periodogram: Periodogram; resolution: number } | null>(null);
  const usable = useMemo(
    () =>
      points.filter(
        (p) =>
          p.kind !== "limit" &&
          !p.isBad &&
          !(quantity === "difference" && isNegative(p)) &&
          valueOf(p, quantity)?.error,
      ),
    [points, quantity],
  );
  const samples = useMemo(
    () => bandsOf(usable).map((band) => samplesOf(usable, band, quantity)),
    [usable, quantity],
  );
  if (usable.length < LEAST_POINTS)
    return (
      <Empty>
        A period needs {LEAST_POINTS} good measurements; there are {usable.length}.
      </Empty>
    );
  const times = usable.map((p) => p.mjd);
  const length = fitting(times, 0).to - fitting(times, 0).from;
  const period = Number(address.get("period")) || null;
  const searchPeriod = () => {
    const { greatest } = ranges[range];
    const least = Math.max(ranges[range].least, 1 / length);
    const step = Math.max(1 / (OVERSAMPLING * length), (greatest - least) / MOST_FREQUENCIES);
    const result = periodogram(samples, least, greatest, step);
    setFound({ periodogram: result, resolution: 1 / length });
    const [best] = peaks(result, 1, 1 / length);
    if (best) address.set({ period: (1 / best.frequency).toPrecision(8) });
  };
  return (
    <>
      <div class="controls">
        <Choice
          label="Periods"
          value={range}
          options={Object.entries(ranges).map(([key, r]) => [key, r.name])}
          onChange={(value) => setRange(value as Range)}
        />
        <button type="button" onClick={searchPeriod}>
          Search period
        </button>
        <label>
          Period (d){" "}
          <PeriodField period={period} onChange={(text) => address.set({ period: text })} />
        </label>
        {period &&
          [0.5, 2].map((factor) => (
            <button
              key={factor}
              type="button"
              onClick={() => address.set({ period: (period * factor).toPrecision(8) })}
            >
              × {factor}
            </button>
          ))}
      </div>
      {found && <Spectrum name={name} {...found} onPick={(p) => address.set({ period: p })} />}
      {period ? (
        <Folded name={name} points={usable} quantity={quantity} period={period} />
      ) : (
        <Empty>Search a period or give one to fold the {usable.length} measurements.</Empty>
      )}
    </>
  );
}

function samplesOf(points: readonly Measurement[], band: string, quantity: Quantity): Samples {
  const own = points.filter((p) => p.band === band);
  const values = own.map((p) => valueOf(p, quantity)!);
  return {
    times: own.map((p) => p.mjd),
    values: values.map((v) => v.value),
    errors: values.map((v) => Math.max(1e-3, v.error!)),
  };
}

function Spectrum({
  name,
  periodogram: result,
  resolution,
  onPick,
}: {
  name: string;
  periodogram: Periodogram;
  resolution: number;
  onPick: (period: string) => void;
}) {
  const { frequencies, power } = result;
  const best = peaks(result, 5, resolution);
  const width = Math.max(1, Math.ceil(power.length / SHOWN_FREQUENCIES));
  // the greatest of each group: a peak is never left out
  const line = Array.from({ length: Math.ceil(power.length / width) }, (_, i) => {
    const of = power.subarray(i * width, (i + 1) * width);
    return [
      frequencies[i * width + of.indexOf(of.reduce((a, b) => Math.max(a, b)))],
      of.reduce((a, b) => Math.max(a, b)),
    ] as const;
  });
  return (
    <>
      <Plot
        title={`Lomb–Scargle power of ${name}`}
        file={`${name}-periodogram`}
        height={150}
        x={{
          label: "Frequency (1/d)",
          scale: { from: frequencies[0], to: frequencies[frequencies.length - 1] },
        }}
        y={{ label: "Power", scale: { from: 0, to: 1 } }}
        lines={[{ name: "power", points: line }]}
      />
      <p class="controls">
        Best:{" "}
        {best.map(({ frequency, power: p }) => (
          <button
            key={frequency}
            type="button"
            onClick={() => onPick((1 / frequency).toPrecision(8))}
          >
            {(1 / frequency).toPrecision(6)} d ({p.toFixed(2)})
          </button>
        ))}
      </p>
    </>
  );
}

function Folded({
  name,
  points,
  quantity,
  period,
}: {
  name: string;
  points: readonly Measurement[];
  quantity: Quantity;
  period: number;
}) {
  const start = points[0].mjd;
  const phase = (p: Measurement) => ((((p.mjd - start) / period) % 1) + 1) % 1;
  const once = marksOf(
    points,
    quantity,
    phase,
    (p) => `phase ${phase(p).toFixed(3)}, MJD ${p.mjd.toFixed(4)}`,
  );
  const marks: Mark[] = [...once, ...once.map((m) => ({ ...m, key: `${m.key} +1`, x: m.x + 1 }))];
  const y = fitting(marks.map((m) => m.y));
  return (
    <Plot
      title={`Light curve of ${name} folded with ${period} days`}
      file={`${name}-folded`}
      height={260}
      x={{
        label: `Phase, period ${period} d, 0 at MJD ${start.toFixed(4)}`,
        scale: { from: 0, to: 2 },
      }}
      y={{
        label: quantities[quantity].label,
        scale: quantities[quantity].isMagnitude ? { from: y.to, to: y.from } : y,
      }}
      marks={marks}
    />
  );
}

/** What is half typed stays while news draw the page anew. */
function PeriodField({
  period,
  onChange,
}: {
  period: number | null;
  onChange: (text: string) => void;
}) {
  const text = period ? String(period) : "";
  return (
    <input
      key={text}
      type="number"
      class="short"
      min="0"
      step="any"
      defaultValue={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
