import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatCount, formatUtc } from "./format.ts";
import { onThemeChange } from "./theme.ts";

/** Numbers over time. */
export interface Series {
  readonly name: string;
  /** ms since 1970 → value; a window without one has none. */
  readonly points: ReadonlyMap<number, number>;
}

const HEIGHT = 320;

/** Told apart in both themes and by the colour-blind (Okabe and Ito 2008); the ninth and later are grey. */
const colours = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#b3a100", "#8c8c8c"];

/** Lines that break where windows of `step` seconds are missing; drag to zoom, double click to see all. */
export function SeriesPlot({ title, series, unit, step }: { title: string; series: readonly Series[]; unit: string; step: number }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let plot: uPlot | undefined;
    const make = () => {
      plot?.destroy();
      plot = new uPlot(optionsFor(element, series, unit, step), dataOf(series, step), element);
    };
    make();
    const fit = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    fit.observe(element);
    const stop = onThemeChange(make);
    return () => {
      stop();
      fit.disconnect();
      plot?.destroy();
    };
  }, [series]);
  const total = series.reduce((sum, { points }) => sum + [...points.values()].reduce((a, b) => a + b, 0), 0);
  return <div class="rates" role="img" aria-label={`${title}: ${formatCount(total)} ${unit} in ${series.length} series`} ref={box} />;
}

function dataOf(series: readonly Series[], step: number): uPlot.AlignedData {
  const times = [...new Set(series.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b);
  // a gap is drawn where a window has nothing: one empty time after the last before it
  const all = times.flatMap((time, i) => (i + 1 < times.length && times[i + 1] - time > 1500 * step ? [time, time + 1000 * step] : [time]));
  const known = new Set(times);
  return [all.map((time) => time / 1000), ...series.map(({ points }) => all.map((time) => points.get(time) ?? (known.has(time) ? 0 : null)))];
}

/** Date, or time of day; at midnight the date. */
function tickText(seconds: number, step: number): string {
  const text = formatUtc(seconds * 1000);
  return step >= 86_400 || seconds % 86_400 === 0 ? text.slice(0, 10) : text.slice(11, 16);
}

function optionsFor(element: HTMLElement, series: readonly Series[], unit: string, step: number): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis = {
    stroke: colour("dim"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line"), width: 1 },
    font: "11px system-ui, sans-serif",
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { y: { range: (_, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
    axes: [
      { ...axis, space: 90, values: (_, ticks, _axis, _space, step) => ticks.map((tick) => tickText(tick, step)) },
      { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-GB")) },
    ],
    series: [
      { label: "time", value: (_, time) => (time == null ? "" : formatUtc(time * 1000).slice(0, step >= 86_400 ? 10 : 16)) },
      ...series.map(({ name }, i) => ({
        label: name,
        stroke: colours[Math.min(i, colours.length - 1)],
        width: 1.5,
        points: { show: series[0].points.size < 60 },
        value: (_: uPlot, value: number | null) => (value == null ? "" : `${formatCount(value)} ${unit}`),
      })),
    ],
  };
}
