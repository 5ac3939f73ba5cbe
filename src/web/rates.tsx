import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { RateHistory } from "../api/feed.ts";
import { formatRate, formatUtc } from "./format.ts";
import { axisOf, colourIn, useUplot } from "./use-uplot.ts";

const WINDOW_SECONDS = 600;
const HEIGHT = 170;

/** Alerts/s of the last ten minutes, against UTC. */
export function Rates({ history }: { history: RateHistory | undefined }) {
  const plot = useRef<uPlot>(null);
  const data = useRef<uPlot.AlignedData>([[], [], []]);
  if (history)
    data.current = [history.at.map((ms) => ms / 1000), history.received, history.archived];
  const box = useUplot(
    (element) => new uPlot(optionsFor(element), data.current, element),
    HEIGHT,
    [],
    plot,
  );
  useEffect(() => plot.current?.setData(data.current), [history]);
  return <div class="rates" ref={box} />;
}

function optionsFor(element: HTMLElement): uPlot.Options {
  const colour = colourIn(element);
  const axis = axisOf(colour);
  // without a pointer on the plot the legend shows the newest rate
  const value = (plot: uPlot, rate: number | null, series: number, index: number | null) =>
    `${formatRate(index === null ? plot.data[series].at(-1) : rate)} alerts/s`;
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: {
      x: {
        range: (_, _min, max) => [
          (max ?? Date.now() / 1000) - WINDOW_SECONDS,
          max ?? Date.now() / 1000,
        ],
      },
      y: { range: (_, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] },
    },
    axes: [
      { ...axis, values: "{HH}:{mm}", space: 70 },
      { ...axis, size: 55, values: (_, ticks) => ticks.map((t) => t.toLocaleString("en-GB")) },
    ],
    series: [
      {
        label: "UTC",
        value: (plot, time) => formatUtc((time ?? plot.data[0].at(-1) ?? 0) * 1000).slice(11),
      },
      {
        label: "incoming",
        stroke: colour("text"),
        width: 1,
        dash: [4, 3],
        value,
        points: { show: false },
      },
      {
        label: "archived",
        stroke: colour("accent"),
        width: 1.5,
        fill: colour("accent-faint"),
        value,
        points: { show: false },
      },
    ],
  };
}
