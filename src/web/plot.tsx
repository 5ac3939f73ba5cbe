import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  BOTTOM,
  LEFT,
  onKey,
  pointIn,
  RIGHT,
  TOP,
  type Size,
  useDrag,
  type View,
} from "./plot-drag.ts";
import { Ground, MarkShape, Tip } from "./plot-parts.tsx";
import { placeOf, type Scale } from "./plot-scale.ts";
import { SaveButtons } from "./save-buttons.tsx";

/** One point. */
export interface Mark {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly error?: number | null;
  /** Its colour and shape are those of the band. */
  readonly band: string;
  /** `limit`: an open downward triangle. `forced`: smaller and hollow. */
  readonly kind: "point" | "limit" | "forced";
  readonly isFaint?: boolean;
  /** A negative difference: hollow, with a minus sign. */
  readonly isNegative?: boolean;
  readonly title: string;
}

export interface Line {
  readonly points: readonly (readonly [number, number])[];
  /** Class in plot.css. */
  readonly name: string;
}

export interface Axis {
  readonly label: string;
  readonly scale: Scale;
  /** Text of a tick; by default the number. */
  readonly text?: (value: number, step: number) => string;
  readonly isTime?: boolean;
  /** Text at the other end of a tick's line. */
  readonly otherText?: (value: number) => string;
  /** Between ticks, where it is not to be found. */
  readonly step?: number;
}

export interface PlotProps {
  /** What it shows, in words. */
  readonly title: string;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks?: readonly Mark[];
  readonly lines?: readonly Line[];
  /** Spans of x with a grey ground. */
  readonly spans?: readonly { readonly from: number; readonly to: number; readonly name: string }[];
  readonly picked?: string | null;
  readonly onPick?: (key: string) => void;
  /** What is shown of a point under the pointer besides its title. */
  readonly preview?: (key: string) => ComponentChildren;
  /** File name of the picture. */
  readonly file: string;
}

/** A plot that is dragged to zoom in, with shift to move it; double click or 0 shows all. */
export function Plot(props: PlotProps) {
  const { title, height, x, y, marks = [], onPick } = props;
  const svg = useRef<SVGSVGElement>(null);
  const width = useWidth(svg);
  const [view, setView] = useState<View | null>(null);
  const [hovered, setHovered] = useState<Mark | null>(null);
  useEffect(
    () => setView(null),
    [x.scale.from, x.scale.to, y.scale.from, y.scale.to, x.label, y.label],
  );
  const shown = view ?? { x: x.scale, y: y.scale };
  const box = { width: Math.max(50, width - LEFT - RIGHT), height: height - TOP - BOTTOM };
  const at = (mark: { x: number; y: number }) =>
    [
      LEFT + placeOf(shown.x, mark.x) * box.width,
      TOP + (1 - placeOf(shown.y, mark.y)) * box.height,
    ] as const;
  const drag = useDrag(svg, shown, box, setView);
  const nearest = (event: PointerEvent | MouseEvent) =>
    nearestMark(marks, at, pointIn(svg.current!, event));
  const scaled = { ...props, x: { ...x, scale: shown.x }, y: { ...y, scale: shown.y } };
  return (
    <figure class="plot">
      <svg
        ref={svg}
        role="img"
        aria-label={`${title}. Drag zooms, shift and drag moves, double click shows all; keys: plus, minus, arrows, 0.`}
        tabindex={0} // in SVG attributes are as they are written: tabIndex is none
        width="100%"
        height={height}
        onPointerDown={drag.start}
        onPointerMove={(event) =>
          drag.move(event) ? setHovered(null) : setHovered(nearest(event))
        }
        onPointerUp={(event) => !drag.end(event) && onPick && pick(nearest(event), onPick)}
        onPointerLeave={() => setHovered(null)}
        onDblClick={() => setView(null)}
        onKeyDown={(event) => onKey(event, shown, setView)}
      >
        <Ground {...scaled} box={box} />
        <Inside {...props} box={box} at={at} />
        {drag.box && <rect class="zoom-box" {...drag.box} />}
      </svg>
      {hovered && (
        <Tip mark={hovered} place={at(hovered)} width={width}>
          {props.preview?.(hovered.key)}
        </Tip>
      )}
      <figcaption>
        {view && (
          <button type="button" onClick={() => setView(null)}>
            Show all
          </button>
        )}
        <SaveButtons svg={svg} name={props.file} />
      </figcaption>
    </figure>
  );
}

function useWidth(svg: { current: SVGSVGElement | null }): number {
  const [width, setWidth] = useState(600);
  useLayoutEffect(() => {
    const element = svg.current?.parentElement;
    if (!element) return;
    const fit = new ResizeObserver(() => setWidth(element.clientWidth));
    setWidth(element.clientWidth);
    fit.observe(element);
    return () => fit.disconnect();
  }, []);
  return width;
}

type At = (mark: { x: number; y: number }) => readonly [number, number];

function Inside({ lines, marks = [], picked, box, at }: PlotProps & { box: Size; at: At }) {
  return (
    <svg
      x={LEFT}
      y={TOP}
      width={box.width}
      height={box.height}
      viewBox={`${LEFT} ${TOP} ${box.width} ${box.height}`}
    >
      {lines?.map((line) => (
        <path
          key={line.name}
          class={`line ${line.name}`}
          d={line.points
            .map(
              (p, i) =>
                `${i ? "L" : "M"}${at({ x: p[0], y: p[1] })
                  .map((v) => v.toFixed(1))
                  .join(" ")}`,
            )
            .join("")}
        />
      ))}
      {marks.map((mark) => (
        <MarkShape key={mark.key} mark={mark} at={at} isPicked={mark.key === picked} />
      ))}
    </svg>
  );
}

function pick(mark: Mark | null, onPick: (key: string) => void): void {
  if (mark) onPick(mark.key);
}

function nearestMark(
  marks: readonly Mark[],
  at: (mark: Mark) => readonly [number, number],
  point: { x: number; y: number },
): Mark | null {
  let [best, least]: [Mark | null, number] = [null, 18];
  for (const mark of marks) {
    const [x, y] = at(mark);
    const distance = Math.hypot(x - point.x, y - point.y);
    if (distance < least) [best, least] = [mark, distance];
  }
  return best;
}
