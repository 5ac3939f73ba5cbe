import { useRef, useState } from "preact/hooks";
import { type Scale, valueAt, zoomed } from "./plot-scale.ts";

/** Room for the axes around a plot. */
export const [LEFT, RIGHT, TOP, BOTTOM] = [58, 10, 8, 38];

export interface View {
  readonly x: Scale;
  readonly y: Scale;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A rectangle to zoom into, or with shift a move of the view. `move` and `end` are true while the
 * pointer is dragged.
 */
export function useDrag(
  svg: { current: SVGSVGElement | null },
  view: View,
  size: Size,
  setView: (view: View) => void,
) {
  const from = useRef<{ x: number; y: number; view: View; isMove: boolean } | null>(null);
  const [box, setBox] = useState<{ x: number; y: number; width: number; height: number } | null>(
    null,
  );
  const part = (point: { x: number; y: number }) =>
    [(point.x - LEFT) / size.width, 1 - (point.y - TOP) / size.height] as const;
  return {
    box,
    start: (event: PointerEvent) => {
      if (event.button !== 0) return;
      from.current = {
        ...pointIn(svg.current!, event),
        view,
        isMove: event.shiftKey || event.pointerType === "touch",
      };
    },
    move: (event: PointerEvent): boolean => {
      if (!from.current) return false;
      const { x, y, view: old, isMove } = from.current;
      const point = pointIn(svg.current!, event);
      if (Math.hypot(point.x - x, point.y - y) < 4) return false;
      if (!isMove) {
        setBox({
          x: Math.min(x, point.x),
          y: Math.min(y, point.y),
          width: Math.abs(point.x - x),
          height: Math.abs(point.y - y),
        });
        return true;
      }
      const [dx, dy] = [(x - point.x) / size.width, (point.y - y) / size.height];
      setView({
        x: { ...old.x, from: valueAt(old.x, dx), to: valueAt(old.x, 1 + dx) },
        y: { ...old.y, from: valueAt(old.y, dy), to: valueAt(old.y, 1 + dy) },
      });
      return true;
    },
    end: (event: PointerEvent): boolean => {
      const start = from.current;
      from.current = null;
      setBox(null);
      if (!start) return false;
      const point = pointIn(svg.current!, event);
      const isDrag = Math.hypot(point.x - start.x, point.y - start.y) >= 4;
      if (!isDrag || start.isMove || !box || box.width < 8 || box.height < 8) return isDrag;
      const [x0, y1] = part(box);
      const [x1, y0] = part({ x: box.x + box.width, y: box.y + box.height });
      setView({
        x: { ...view.x, from: valueAt(view.x, x0), to: valueAt(view.x, x1) },
        y: { ...view.y, from: valueAt(view.y, y0), to: valueAt(view.y, y1) },
      });
      return true;
    },
  };
}

/** Plus, minus and arrows zoom and move along x, 0 shows all. */
export function onKey(
  event: KeyboardEvent,
  view: View,
  setView: (view: View | null) => void,
): void {
  const move = (scale: Scale, by: number): Scale => ({
    ...scale,
    from: valueAt(scale, by),
    to: valueAt(scale, 1 + by),
  });
  const views: Record<string, () => View | null> = {
    "+": () => ({ x: zoomed(view.x, 0.5, 0.7), y: view.y }),
    "-": () => ({ x: zoomed(view.x, 0.5, 1 / 0.7), y: view.y }),
    "0": () => null,
    ArrowLeft: () => ({ ...view, x: move(view.x, -0.1) }),
    ArrowRight: () => ({ ...view, x: move(view.x, 0.1) }),
  };
  const next = views[event.key];
  if (!next) return;
  event.preventDefault();
  setView(next());
}

export function pointIn(
  svg: SVGSVGElement,
  event: PointerEvent | MouseEvent,
): { x: number; y: number } {
  const { left, top } = svg.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
