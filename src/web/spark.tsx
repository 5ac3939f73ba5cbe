import type { Measurement } from "../api/pages/types.ts";
import { bandShape, negativeShape } from "./band.tsx";
import { isNegative } from "./photometry.ts";
import { fitting, placeOf } from "./plot-scale.ts";

const SIZE = 0.5;

/** A light curve as small as a word: brighter is up, bands by colour and shape. */
export function Spark({
  points,
  width = 276,
  height = 44,
}: {
  points: readonly Measurement[];
  width?: number;
  height?: number;
}) {
  const shown = points.filter((p) => heightOf(p) !== null);
  if (shown.length === 0) return null;
  const x = fitting(shown.map((p) => p.mjd));
  const y = fitting(
    shown.map((p) => heightOf(p)!),
    0.12,
  );
  const days = Math.round(
    Math.max(...shown.map((p) => p.mjd)) - Math.min(...shown.map((p) => p.mjd)),
  );
  return (
    <svg
      class="spark"
      width={width}
      height={height}
      role="img"
      aria-label={`Light curve, ${shown.length} points over ${days} days`}
    >
      {shown.map((p) => {
        const at = `translate(${(placeOf(x, p.mjd) * width - 5 * SIZE).toFixed(1)} ${((1 - placeOf(y, heightOf(p)!)) * height - 5 * SIZE).toFixed(1)}) scale(${SIZE})`;
        return (
          <g
            key={`${p.band} ${p.mjd} ${p.kind}`}
            class={`band-${p.band} ${p.kind === "limit" ? "limit" : isNegative(p) ? "negative" : ""}`}
          >
            <path
              transform={at}
              d={
                p.kind === "limit"
                  ? "M5 9L9.3 1.4H.7Z"
                  : isNegative(p)
                    ? negativeShape
                    : bandShape(p.band)
              }
            />
          </g>
        );
      })}
    </svg>
  );
}

/** Minus the magnitude, or the flux stretched like one so that negative ones are there too. */
function heightOf(p: Measurement): number | null {
  if (p.kind === "limit") return p.limitMagnitude === null ? null : -p.limitMagnitude;
  if (p.magnitude !== null && !isNegative(p)) return -p.magnitude;
  return p.fluxNJy === null ? null : Math.asinh(p.fluxNJy / 1000) - 24;
}
