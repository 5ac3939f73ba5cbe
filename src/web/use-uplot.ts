import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { onThemeChange } from "./theme.ts";

/** What every plot over time has of colours and letters, from the style of its element. */
export function axisOf(colour: (name: string) => string): uPlot.Axis {
  const lines = { stroke: colour("line"), width: 1 };
  return { stroke: colour("dim"), grid: lines, ticks: lines, font: "11px system-ui, sans-serif" };
}

/** A colour of the theme, by the name of its variable. */
export function colourIn(element: HTMLElement): (name: string) => string {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

/**
 * An element that holds a plot, made anew when the causes or the colours change, and as wide as the
 * page lets it be.
 */
export function useUplot(
  make: (element: HTMLElement) => uPlot,
  height: number,
  causes: readonly unknown[],
  made?: { current: uPlot | null },
) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let plot: uPlot | undefined;
    const makeAnew = () => {
      plot?.destroy();
      plot = make(element);
      if (made) made.current = plot;
    };
    makeAnew();
    const fit = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    fit.observe(element);
    const stop = onThemeChange(makeAnew);
    return () => {
      stop();
      fit.disconnect();
      plot?.destroy();
    };
  }, causes);
  return box;
}
