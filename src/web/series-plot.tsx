import uPlot from "uplot";
import { formatCount, formatUtc } from "./format.ts";
import { savePng } from "./save.ts";
import { axisOf, colourIn, useUplot } from "./use-uplot.ts";

/** Numbers over time. */
export interface Series {
  readonly name: string;
  /** ms since 1970 → value; a window without one has none. */
  readonly points: ReadonlyMap<number, number>;
}

const HEIGHT = 320;

/**
 * Told apart in both themes and by the colour-blind (Okabe and Ito 2008); the ninth and later are
 * grey.
 */
const colours = [
  "#e69f00",
  "#56b4e9",
  "#009e73",
  "#cc79a7",
  "#d55e00",
  "#0072b2",
  "#b3a100",
  "#8c8c8c",
];

const secondsOf = { minute: 60, hour: 3600, night: 86_400 };

interface SeriesPlotProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** What is counted in each window. */
  readonly unit: string;
  readonly window: keyof typeof secondsOf;
  /** Name of the picture. */
  readonly file: string;
}

/** Lines that break where windows are missing; drag to zoom, double click to see all. */
export function SeriesPlot({ title, series, unit, window, file }: SeriesPlotProps) {
  const step = secondsOf[window];
  const shown = inBands(series);
  const box = useUplot(
    (element) => new uPlot(optionsFor(element, shown, unit, window), dataOf(shown, step), element),
    HEIGHT,
    [series],
  );
  const total = series.reduce(
    (sum, { points }) => sum + [...points.values()].reduce((a, b) => a + b, 0),
    0,
  );
  return (
    <>
      <div
        class="rates"
        role="img"
        aria-label={`${title}: ${formatCount(total)} ${unit} in ${series.length} series`}
        ref={box}
      />
      <p class="controls">
        <button
          type="button"
          onClick={() => void savePng(box.current!.querySelector("canvas")!, file)}
        >
          PNG
        </button>
      </p>
    </>
  );
}

const bandOrder = "ugrizy";

/** Bands in their order; other series as they come, the largest first. */
function inBands(series: readonly Series[]): readonly Series[] {
  return areBands(series)
    ? series.toSorted((a, b) => bandOrder.indexOf(a.name) - bandOrder.indexOf(b.name))
    : series;
}

function areBands(series: readonly Series[]): boolean {
  return series.every(({ name }) => name.length === 1 && bandOrder.includes(name));
}

function dataOf(series: readonly Series[], step: number): uPlot.AlignedData {
  const times = [...new Set(series.flatMap(({ points }) => [...points.keys()]))].sort(
    (a, b) => a - b,
  );
  // a gap is drawn where a window has nothing: one empty time after the last before it
  const all = times.flatMap((time, i) =>
    i + 1 < times.length && times[i + 1] - time > 1500 * step ? [time, time + 1000 * step] : [time],
  );
  const known = new Set(times);
  return [
    all.map((time) => time / 1000),
    ...series.map(({ points }) =>
      all.map((time) => points.get(time) ?? (known.has(time) ? 0 : null)),
    ),
  ];
}

/** Date, or time of day; at midnight the date. */
function tickText(seconds: number, step: number): string {
  const text = formatUtc(seconds * 1000);
  return step >= 86_400 || seconds % 86_400 === 0 ? text.slice(0, 10) : text.slice(11, 16);
}

function optionsFor(
  element: HTMLElement,
  series: readonly Series[],
  unit: string,
  window: keyof typeof secondsOf,
): uPlot.Options {
  const step = secondsOf[window];
  const colour = colourIn(element);
  const axis = axisOf(colour);
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { y: { range: (_, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
    axes: [
      {
        ...axis,
        space: 90,
        values: (_, ticks, _axis, _space, step) => ticks.map((tick) => tickText(tick, step)),
      },
      {
        ...axis,
        size: 60,
        label: `${unit} per ${window}`,
        labelSize: 18,
        labelFont: axis.font!,
        values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-GB")),
      },
    ],
    series: [
      {
        label: "time",
        value: (_, time) =>
          time == null ? "" : formatUtc(time * 1000).slice(0, step >= 86_400 ? 10 : 16),
      },
      ...series.map(({ name }, i) => ({
        label: name,
        stroke: areBands(series) ? colour(name) : colours[Math.min(i, colours.length - 1)],
        width: 1.5,
        points: { show: series[0].points.size < 60 },
        value: (_: uPlot, value: number | null) =>
          value == null ? "" : `${formatCount(value)} ${unit}`,
      })),
    ],
  };
}
