import type { AlertRow, ObjectAnswer } from "../api/pages/types.ts";
import { Band } from "./band.tsx";
import { formatBrightness, formatMjd, formatPosition, magnitudeOf } from "./format.ts";
import { isNegative } from "./photometry.ts";
import { type Column, Table } from "./table.tsx";
import { Copy } from "./text.tsx";

/** Every alert of an object, newest first; a click shows its images. */
export function AlertTable({
  object,
  onShow,
}: {
  object: ObjectAnswer;
  onShow: (alert: AlertRow) => void;
}) {
  const { alerts, points, objectId } = object;
  const measured = new Map(
    points.filter(({ kind }) => kind === "alert").map((point) => [point.alertId, point]),
  );
  const errorOf = (r: AlertRow) =>
    r.magnitudeError ?? measured.get(r.alertId)?.magnitudeError ?? null;
  // as in the plot: of a negative difference the magnitude of its size, and a sign
  const sizeOf = (r: AlertRow) => magnitudeOf(r) ?? measured.get(r.alertId)?.magnitude ?? null;
  const isBelow = (r: AlertRow) => isNegative(measured.get(r.alertId) ?? r);
  const columns: readonly Column<AlertRow>[] = [
    {
      name: "Alert",
      value: (r) => r.alertId,
      show: (r) => (
        <button type="button" class="link" title="Show its images" onClick={() => onShow(r)}>
          <code>{r.alertId}</code>
        </button>
      ),
    },
    { name: "Observed", value: (r) => r.mjd, show: (r) => formatMjd(r.mjd) },
    { name: "MJD", value: (r) => r.mjd, show: (r) => r.mjd?.toFixed(5), isNumber: true },
    { name: "Band", value: (r) => r.band, show: (r) => (r.band ? <Band name={r.band} /> : "–") },
    {
      name: "Sign",
      value: (r) => (isBelow(r) ? "−" : null),
      show: (r) =>
        isBelow(r) ? (
          <span title="Negative: fainter than the template">−</span>
        ) : sizeOf(r) === null ? (
          "–"
        ) : (
          "+"
        ),
    },
    {
      name: "Difference (mag)",
      value: sizeOf,
      show: (r) => formatBrightness(sizeOf(r), r.fluxNJy),
      isNumber: true,
    },
    { name: "± (mag)", value: errorOf, show: (r) => errorOf(r)?.toFixed(3) ?? "–", isNumber: true },
    {
      name: "Flux (nJy)",
      value: (r) => r.fluxNJy,
      show: (r) => r.fluxNJy?.toFixed(0) ?? "–",
      isNumber: true,
      isExtra: true,
    },
    {
      name: "Position (°)",
      value: (r) => (r.ra === null || r.dec === null ? null : `${r.ra} ${r.dec}`),
      show: (r) =>
        r.ra !== null &&
        r.dec !== null && <Copy text={`${r.ra} ${r.dec}`}>{formatPosition(r.ra, r.dec)}</Copy>,
    },
    { name: "Class", value: (r) => r.class ?? "Unclassified" },
  ];
  return (
    <Table
      name={`alerts-of-${objectId}`}
      choices="alerts-of-object"
      columns={columns}
      rows={alerts}
      keyOf={(row) => row.alertId}
    />
  );
}
