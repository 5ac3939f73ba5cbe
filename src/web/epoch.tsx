import type { AlertRow, Measurement } from "../api/pages/types.ts";
import { Band } from "./band.tsx";
import { useCutoutLook } from "./cutout-look.tsx";
import { Cutouts } from "./cutout.tsx";
import { formatMjd } from "./format.ts";
import { Copy } from "./text.tsx";

interface EpochProps {
  /** Newest first. */
  readonly alerts: readonly AlertRow[];
  readonly shown: AlertRow;
  readonly onShow: (alert: AlertRow) => void;
  readonly side: number;
}

/** The images of one alert, and the way to the one before and after it. */
export function Epoch({ alerts, shown, onShow, side }: EpochProps) {
  const { look, controls } = useCutoutLook();
  const place = alerts.findIndex((alert) => alert.alertId === shown.alertId);
  const step = (by: number) => alerts[place + by] && onShow(alerts[place + by]);
  return (
    <section class="epoch" aria-label="Images of one alert">
      <header>
        <h2>
          Images of <Copy text={shown.alertId} title="Alert" />{" "}
          {shown.band && <Band name={shown.band} />} {formatMjd(shown.mjd).slice(0, 16)}
        </h2>
        {controls}
      </header>
      <Cutouts survey={shown.survey} alertId={shown.alertId} side={side} look={look} />
      <p class="controls">
        <button type="button" disabled={place >= alerts.length - 1} onClick={() => step(1)}>
          ← Earlier
        </button>
        <span>
          {alerts.length - place} of {alerts.length}
        </span>
        <button type="button" disabled={place <= 0} onClick={() => step(-1)}>
          Later →
        </button>
      </p>
    </section>
  );
}

/** The alert whose images belong to a measurement: its own, else the nearest in time. */
export function alertOf(point: Measurement, alerts: readonly AlertRow[]): AlertRow | null {
  const own = alerts.find((alert) => alert.alertId === point.alertId);
  const distance = (alert: AlertRow) => Math.abs((alert.mjd ?? Infinity) - point.mjd);
  return (
    own ??
    alerts.reduce<AlertRow | null>(
      (best, alert) => (best === null || distance(alert) < distance(best) ? alert : best),
      null,
    )
  );
}
