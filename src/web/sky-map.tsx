import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { SkyAnswer } from "../api/pages/types.ts";
import { drawSky, skyColours } from "./sky-draw.ts";
import {
  movedSky,
  skyProjection,
  type SkyFrameName,
  type SkyProjection,
  type SkyView,
  wholeSky,
  zoomedSky,
} from "./sky-geometry.ts";
import { savePng } from "./save.ts";
import { onThemeChange } from "./theme.ts";

export type SkyPoint = NonNullable<SkyAnswer["points"]>[number];

interface SkyMapProps {
  readonly title: string;
  readonly frame: SkyFrameName;
  readonly sky: SkyAnswer | null;
  readonly hidden?: ReadonlySet<number>;
  readonly view: SkyView;
  readonly onView: (view: SkyView) => void;
  /** A point was clicked. */
  readonly onOpen: (point: SkyPoint) => void;
  /** The sky was clicked where there is no point: ICRS degrees and how wide 12 px are. */
  readonly onPlace: (ra: number, dec: number, radiusDegrees: number) => void;
  /** Fixed and small, for the first page. */
  readonly isSmall?: boolean;
}

/** All sky in Hammer's projection, right ascension to the left; the wheel zooms, dragging moves. */
export function SkyMap({
  title,
  frame,
  sky,
  hidden = none,
  view,
  onView,
  onOpen,
  onPlace,
  isSmall = false,
}: SkyMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = useSize(canvas, isSmall);
  const projection = skyProjection(frame, view, width, height);
  useDrawing(
    canvas,
    width,
    height,
    (context) =>
      drawSky(context, projection, { frame, view, sky, hidden }, skyColours(context.canvas)),
    [frame, view, sky, hidden],
  );
  useWheel(
    canvas,
    isSmall,
    (event) =>
      onView(zoomedSky(view, Math.exp(-event.deltaY / 400), placeIn(event), width, height)),
    [view, width, height],
  );
  const pointer = usePointer(
    { sky, hidden, view, onView, onOpen, onPlace, isSmall },
    projection,
    width,
    height,
  );
  return (
    <div class="sky">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${title}. Keys: plus, minus, arrows, 0 for all of the sky.`}
        tabIndex={0}
        onPointerDown={pointer.down}
        onPointerMove={pointer.move}
        onPointerUp={pointer.up}
        onPointerLeave={pointer.leave}
        onKeyDown={(event) => onKey(event, view, width, height, onView)}
      />
      {!isSmall && (
        <button
          type="button"
          class="save"
          onClick={() => void savePng(canvas.current!, title.replace(/\W+/g, "-"))}
        >
          PNG
        </button>
      )}
      {pointer.tip && (
        <div
          class="tip"
          style={{
            left: `${Math.min(pointer.tip.x + 12, width - 170)}px`,
            top: `${pointer.tip.y + 10}px`,
          }}
        >
          {pointer.tip.text}
        </div>
      )}
    </div>
  );
}

/** Drag moves the map, a click opens a point or a place, hovering tells what is there. */
function usePointer(
  map: Omit<SkyMapProps, "title" | "frame">,
  projection: SkyProjection,
  width: number,
  height: number,
) {
  const { sky, hidden = none, view, onView, onOpen, onPlace, isSmall } = map;
  const [tip, setTip] = useState<{ x: number; y: number; text: string } | null>(null);
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const nearest = (at: { x: number; y: number }) =>
    nearestPoint(sky, hidden, projection.toScreen, at);
  const move = (event: PointerEvent) => {
    const at = placeIn(event);
    const from = drag.current;
    if (from && !isSmall && Math.hypot(at.x - from.x, at.y - from.y) > (from.moved ? 0 : 4)) {
      onView(movedSky(view, at.x - from.x, at.y - from.y, width, height));
      drag.current = { ...at, moved: true };
      return setTip(null);
    }
    const point = nearest(at);
    const place = projection.toSky(at.x, at.y);
    setTip(
      point && sky
        ? { ...at, text: `${point[3] || point[4]}\n${sky.colours[point[2]]?.[0] ?? ""}` }
        : place && !isSmall
          ? { ...at, text: placeText(place) }
          : null,
    );
  };
  const up = (event: PointerEvent) => {
    const isClick = drag.current !== null && !drag.current.moved;
    drag.current = null;
    if (!isClick) return;
    const at = placeIn(event);
    const point = nearest(at);
    const place = projection.toSky(at.x, at.y);
    if (point) onOpen(point);
    else if (place) onPlace(...place, Math.max(0.003, (12 / projection.pixelsPerUnit) * 81));
  };
  return {
    tip,
    move,
    up,
    down: (event: PointerEvent) => (drag.current = { ...placeIn(event), moved: false }),
    leave: () => setTip(null),
  };
}

const none: ReadonlySet<number> = new Set();

function useSize(canvas: { current: HTMLCanvasElement | null }, isSmall: boolean) {
  const [width, setWidth] = useState(600);
  useLayoutEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const fit = new ResizeObserver(() => setWidth(element.clientWidth));
    setWidth(element.clientWidth);
    fit.observe(element);
    return () => fit.disconnect();
  }, []);
  const tallest = isSmall ? 320 : innerHeight - 170;
  return { width, height: Math.max(150, Math.min(Math.round(width * 0.51), tallest)) };
}

function useDrawing(
  canvas: { current: HTMLCanvasElement | null },
  width: number,
  height: number,
  draw: (context: CanvasRenderingContext2D) => void,
  causes: readonly unknown[],
): void {
  const [theme, setTheme] = useState(0);
  useEffect(() => onThemeChange(() => setTheme((n) => n + 1)), []);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const density = devicePixelRatio;
    element.width = Math.round(width * density);
    element.height = Math.round(height * density);
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    context.setTransform(density, 0, 0, density, 0, 0);
    draw(context);
  }, [width, height, theme, ...causes]);
}

/** Not as a property: the page must not scroll, and preact's listeners may not forbid it. */
function useWheel(
  canvas: { current: HTMLCanvasElement | null },
  isSmall: boolean,
  zoom: (event: WheelEvent) => void,
  causes: readonly unknown[],
): void {
  useEffect(() => {
    const element = canvas.current;
    if (!element || isSmall) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      zoom(event);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, causes);
}

function onKey(
  event: KeyboardEvent,
  view: SkyView,
  width: number,
  height: number,
  onView: (view: SkyView) => void,
): void {
  const middle = { x: width / 2, y: height / 2 };
  const views: Record<string, () => SkyView> = {
    "+": () => zoomedSky(view, 1.5, middle, width, height),
    "-": () => zoomedSky(view, 1 / 1.5, middle, width, height),
    "0": () => wholeSky,
    ArrowLeft: () => movedSky(view, 40, 0, width, height),
    ArrowRight: () => movedSky(view, -40, 0, width, height),
    ArrowUp: () => movedSky(view, 0, 40, width, height),
    ArrowDown: () => movedSky(view, 0, -40, width, height),
  };
  const next = views[event.key];
  if (!next) return;
  event.preventDefault();
  onView(next());
}

function nearestPoint(
  sky: SkyAnswer | null,
  hidden: ReadonlySet<number>,
  toScreen: (ra: number, dec: number) => readonly [number, number],
  at: { x: number; y: number },
): SkyPoint | null {
  let [best, least]: [SkyPoint | null, number] = [null, 9];
  for (const point of sky?.points ?? []) {
    if (hidden.has(point[2])) continue;
    const [x, y] = toScreen(point[0], point[1]);
    const distance = Math.hypot(x - at.x, y - at.y);
    if (distance < least) [best, least] = [point, distance];
  }
  return best;
}

function placeIn(event: PointerEvent | WheelEvent): { x: number; y: number } {
  return { x: event.offsetX, y: event.offsetY };
}

function placeText([ra, dec]: readonly [number, number]): string {
  return `${ra.toFixed(2)}° ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(2)}°`;
}
