import type { ComponentChildren } from "preact";
import { bandShape, negativeShape } from "./band.tsx";
import { LEFT, type Size, TOP } from "./plot-drag.ts";
import { placeOf, tickText, ticks } from "./plot-scale.ts";
import type { Mark, PlotProps } from "./plot.tsx";

/** Axes, grid and spans. */
export function Ground({ x, y, spans = [], box }: PlotProps & { box: Size }) {
  const across = ticks(x.scale, box.width / 72, x.isTime);
  const up = ticks(y.scale, box.height / 42, false, y.step);
  const placeX = (value: number) => LEFT + placeOf(x.scale, value) * box.width;
  const placeY = (value: number) => TOP + (1 - placeOf(y.scale, value)) * box.height;
  const clamp = (value: number) => Math.min(LEFT + box.width, Math.max(LEFT, value));
  return (
    <g class="ground">
      {spans.map(({ from, to, name }) => (
        <rect
          key={`${name} ${from}`}
          class={`span ${name}`}
          x={clamp(placeX(from))}
          y={TOP}
          width={Math.max(0, clamp(placeX(to)) - clamp(placeX(from)))}
          height={box.height}
        />
      ))}
      {across.values.map((value) => (
        <g key={value}>
          <line x1={placeX(value)} x2={placeX(value)} y1={TOP} y2={TOP + box.height} />
          <text
            x={placeX(value)}
            y={TOP + box.height + 15}
            text-anchor={placeX(value) > LEFT + box.width - 25 ? "end" : "middle"}
          >
            {(x.text ?? tickText)(value, across.step)}
          </text>
        </g>
      ))}
      {up.values.map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={LEFT + box.width} y1={placeY(value)} y2={placeY(value)} />
          <text x={LEFT - 6} y={placeY(value) + 4} text-anchor="end">
            {(y.text ?? tickText)(value, up.step)}
          </text>
          {y.otherText && (
            <text x={LEFT + box.width - 3} y={placeY(value) - 3} text-anchor="end">
              {y.otherText(value)}
            </text>
          )}
        </g>
      ))}
      <text x={LEFT + box.width / 2} y={TOP + box.height + 32} text-anchor="middle">
        {x.label}
      </text>
      <text transform={`translate(12 ${TOP + box.height / 2}) rotate(-90)`} text-anchor="middle">
        {y.label}
      </text>
    </g>
  );
}

export function MarkShape({
  mark,
  at,
  isPicked,
}: {
  mark: Mark;
  at: (mark: Mark) => readonly [number, number];
  isPicked: boolean;
}) {
  const [x, y] = at(mark);
  const size = mark.isNegative
    ? mark.kind === "forced"
      ? 0.8
      : 1.35
    : mark.kind === "forced"
      ? 0.55
      : mark.kind === "limit"
        ? 0.8
        : 0.95;
  const [, low] = mark.error ? at({ ...mark, y: mark.y - mark.error }) : [0, 0];
  const [, high] = mark.error ? at({ ...mark, y: mark.y + mark.error }) : [0, 0];
  return (
    <g
      class={`mark band-${mark.band} ${mark.kind}${mark.isFaint ? " faint" : ""}${mark.isNegative ? " negative" : ""}`}
    >
      {mark.error ? <line x1={x} x2={x} y1={low} y2={high} /> : null}
      {isPicked && <circle class="picked" cx={x} cy={y} r={10} />}
      <path
        d={
          mark.kind === "limit"
            ? "M5 9L9.3 1.4H.7Z"
            : mark.isNegative
              ? negativeShape
              : bandShape(mark.band)
        }
        transform={`translate(${(x - 5 * size).toFixed(1)} ${(y - 5 * size).toFixed(1)}) scale(${size})`}
      />
    </g>
  );
}

interface TipProps {
  readonly mark: Mark;
  readonly place: readonly [number, number];
  readonly width: number;
  readonly children?: ComponentChildren;
}

export function Tip({ mark, place: [x, y], width, children }: TipProps) {
  const style =
    x > width / 2
      ? { right: `${width - x + 12}px`, top: `${y + 8}px` }
      : { left: `${x + 12}px`, top: `${y + 8}px` };
  return (
    <div class="tip" style={style}>
      {mark.title}
      {children}
    </div>
  );
}
