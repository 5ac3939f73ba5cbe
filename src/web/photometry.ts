import type { Measurement } from "../api/pages/types.ts";
import type { Mark } from "./plot.tsx";

/** What a light curve shows of each measurement. */
export const quantities = {
  difference: {
    name: "Difference magnitude",
    label: "Difference magnitude (AB)",
    isMagnitude: true,
  },
  apparent: {
    name: "Apparent magnitude",
    label: "Apparent magnitude, source and template together (AB)",
    isMagnitude: true,
  },
  flux: { name: "Difference flux", label: "Difference flux (µJy)", isMagnitude: false },
  total: {
    name: "Apparent flux",
    label: "Flux of source and template together (µJy)",
    isMagnitude: false,
  },
} as const;
export type Quantity = keyof typeof quantities;

const magnitudesPerRelativeError = 1.0857;

/** Value and error in that quantity, or null when the measurement has none. */
export function valueOf(
  point: Measurement,
  quantity: Quantity,
): { value: number; error: number | null } | null {
  const {
    magnitude,
    magnitudeError,
    fluxNJy,
    fluxErrorNJy,
    apparentNJy,
    apparentErrorNJy,
    limitMagnitude,
  } = point;
  if (point.kind === "limit")
    return quantity === "difference" && limitMagnitude !== null
      ? { value: limitMagnitude, error: null }
      : null;
  if (quantity === "difference")
    return magnitude === null ? null : { value: magnitude, error: magnitudeError };
  if (quantity === "flux")
    return fluxNJy === null
      ? null
      : { value: fluxNJy / 1000, error: fluxErrorNJy === null ? null : fluxErrorNJy / 1000 };
  if (apparentNJy === null) return null;
  if (quantity === "total")
    return {
      value: apparentNJy / 1000,
      error: apparentErrorNJy === null ? null : apparentErrorNJy / 1000,
    };
  if (apparentNJy <= 0) return null;
  return {
    value: 31.4 - 2.5 * Math.log10(apparentNJy),
    error:
      apparentErrorNJy === null
        ? null
        : (magnitudesPerRelativeError * apparentErrorNJy) / apparentNJy,
  };
}

/** Fainter than the template: its magnitude is that of the size of the difference. */
export function isNegative({ fluxNJy }: Pick<Measurement, "fluxNJy">): boolean {
  return fluxNJy !== null && fluxNJy < 0;
}

/** In the surveys' order, others behind. */
export function bandsOf(points: readonly Measurement[]): string[] {
  const order = "ugrizy";
  const place = (band: string) => (order.includes(band) ? order.indexOf(band) : 9);
  return [...new Set(points.map((p) => p.band))].sort(
    (a, b) => place(a) - place(b) || (a < b ? -1 : 1),
  );
}

export function keyOf(point: Measurement): string {
  return `${point.kind} ${point.band} ${point.mjd}`;
}

const kindWords: Readonly<Record<Measurement["kind"], string>> = {
  alert: "alert",
  history: "earlier detection",
  limit: "upper limit",
  forced: "forced photometry",
};

export function marksOf(
  points: readonly Measurement[],
  quantity: Quantity,
  x: (point: Measurement) => number,
  xText: (point: Measurement) => string,
): Mark[] {
  const unit = quantities[quantity].isMagnitude ? "mag" : "µJy";
  return points.flatMap((point) => {
    const found = valueOf(point, quantity);
    if (!found || !Number.isFinite(found.value)) return [];
    const { value, error } = found;
    const number =
      point.kind === "limit"
        ? `> ${value.toFixed(2)}`
        : `${value.toFixed(3)}${error === null ? "" : ` ± ${error.toFixed(3)}`}`;
    const isBelow = quantity === "difference" && isNegative(point);
    return [
      {
        key: keyOf(point),
        x: x(point),
        y: value,
        error,
        band: point.band,
        kind: point.kind === "limit" ? "limit" : point.kind === "forced" ? "forced" : "point",
        isFaint: point.isBad,
        isNegative: isBelow,
        title: `${point.band}  ${number} ${unit}\n${xText(point)}\n${kindWords[point.kind]}${isBelow ? ", negative: fainter than the template" : ""}${point.isBad ? ", bad quality" : ""}`,
      } as const,
    ];
  });
}

/** The points that are not drawn in that quantity, in words; null if all are. */
export function undrawnText(points: readonly Measurement[], quantity: Quantity): string | null {
  const undrawn = points.filter((point) => !Number.isFinite(valueOf(point, quantity)?.value));
  if (undrawn.length === 0) return null;
  const kinds = [...Map.groupBy(undrawn, ({ kind }) => kind)].map(
    ([kind, of]) => `${of.length} ${kindWords[kind]}`,
  );
  const why =
    quantity === "difference"
      ? "below three errors"
      : quantity === "flux"
        ? "no flux"
        : "no flux of source and template together";
  return `${undrawn.length} of ${points.length} points cannot be drawn as ${quantities[quantity].name.toLowerCase()} (${why}): ${kinds.join(", ")}.`;
}
