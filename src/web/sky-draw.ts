import type { SkyAnswer } from "../api/pages/types.ts";
import { pixelCorners } from "../sky/healpix.ts";
import {
  ecliptic,
  galacticPlane,
  graticule,
  type SkyFrameName,
  type SkyProjection,
  type SkyView,
} from "./sky-geometry.ts";

/** Colours of the theme, read from the page. */
export interface SkyColours {
  readonly line: string;
  readonly dim: string;
  readonly text: string;
  readonly accent: string;
  readonly classes: readonly string[];
}

export const CLASS_COLOURS = 8;

export function skyColours(element: Element): SkyColours {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    line: colour("line"),
    dim: colour("dim"),
    text: colour("text"),
    accent: colour("accent"),
    classes: Array.from({ length: CLASS_COLOURS }, (_, i) => colour(`class-${i}`)),
  };
}

export interface SkyScene {
  readonly frame: SkyFrameName;
  readonly view: SkyView;
  readonly sky: SkyAnswer | null;
  /** Indices of colours that are not drawn. */
  readonly hidden: ReadonlySet<number>;
}

/** Everything, from below: grid, density, Milky Way and ecliptic, points. */
export function drawSky(
  context: CanvasRenderingContext2D,
  projection: SkyProjection,
  { frame, sky, hidden }: SkyScene,
  colours: SkyColours,
): void {
  context.lineWidth = 1;
  context.strokeStyle = colours.line;
  for (const line of graticule(frame)) strokeLine(context, projection, line);
  outline(context, projection, frame);
  if (sky && !sky.points) drawDensity(context, projection, sky, hidden, colours);
  context.strokeStyle = colours.dim;
  context.setLineDash([]);
  strokeLine(context, projection, galacticPlane);
  context.setLineDash([5, 4]);
  strokeLine(context, projection, ecliptic);
  context.setLineDash([]);
  if (sky?.points) drawPoints(context, projection, sky.points, hidden, colours);
  labels(context, projection, frame, colours);
}

export function classColour(colours: SkyColours, index: number): string {
  return colours.classes[Math.min(index, CLASS_COLOURS - 1)];
}

/** Breaks where the line leaves the map on one side and comes in on the other. */
function strokeLine(
  context: CanvasRenderingContext2D,
  { toScreen, pixelsPerUnit }: SkyProjection,
  line: readonly (readonly [number, number])[],
): void {
  context.beginPath();
  let last: readonly [number, number] | null = null;
  for (const [ra, dec] of line) {
    const at = toScreen(ra, dec);
    if (last && Math.hypot(at[0] - last[0], at[1] - last[1]) < pixelsPerUnit * 0.6)
      context.lineTo(at[0], at[1]);
    else context.moveTo(at[0], at[1]);
    last = at;
  }
  context.stroke();
}

function outline(
  context: CanvasRenderingContext2D,
  { toScreen, pixelsPerUnit }: SkyProjection,
  frame: SkyFrameName,
): void {
  // the middle of the map
  const [x, y] = frame === "galactic" ? toScreen(266.40499, -28.93617) : toScreen(0, 0);
  context.beginPath();
  context.ellipse(x, y, 2 * pixelsPerUnit, pixelsPerUnit, 0, 0, 2 * Math.PI);
  context.stroke();
}

function drawDensity(
  context: CanvasRenderingContext2D,
  projection: SkyProjection,
  sky: SkyAnswer,
  hidden: ReadonlySet<number>,
  colours: SkyColours,
): void {
  const most = sky.pixels.reduce((max, [, count]) => Math.max(max, count), 1);
  for (const [pixel, count, colour] of sky.pixels) {
    if (hidden.has(colour)) continue;
    const corners = pixelCorners(sky.order, pixel).map(([ra, dec]) => projection.toScreen(ra, dec));
    const [left, right] = [
      Math.min(...corners.map((c) => c[0])),
      Math.max(...corners.map((c) => c[0])),
    ];
    if (right - left > projection.pixelsPerUnit * 0.6) continue; // across the edge of the map
    context.globalAlpha = 0.25 + 0.75 * (Math.log1p(count) / Math.log1p(most));
    context.fillStyle = classColour(colours, colour);
    context.beginPath();
    corners.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawPoints(
  context: CanvasRenderingContext2D,
  { toScreen }: SkyProjection,
  points: NonNullable<SkyAnswer["points"]>,
  hidden: ReadonlySet<number>,
  colours: SkyColours,
): void {
  const size = points.length > 1500 ? 1.6 : 2.4;
  for (const [ra, dec, colour] of points) {
    if (hidden.has(colour)) continue;
    const [x, y] = toScreen(ra, dec);
    context.fillStyle = classColour(colours, colour);
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
  }
}

function labels(
  context: CanvasRenderingContext2D,
  projection: SkyProjection,
  frame: SkyFrameName,
  colours: SkyColours,
): void {
  context.fillStyle = colours.dim;
  context.font = "11px system-ui, sans-serif";
  for (const at of [0, 60, 120, 240, 300]) {
    // its 30th step is the equator
    const [x, y] = projection.toScreen(...graticule(frame)[at / 30][30]);
    context.fillText(`${at}°`, x + 3, y - 3);
  }
}
