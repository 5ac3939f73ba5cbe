import { useEffect, useState } from "preact/hooks";
import type { AlertAnswer, ObjectAnswer } from "../api/pages/types.ts";
import { FinkClient } from "../client/client.ts";
import { fitting } from "./plot-scale.ts";
import { type Mark, Plot } from "./plot.tsx";
import { Empty } from "./text.tsx";

const MOST_ALERTS = 60;

/** Reduced magnitude (at 1 au from Sun and Earth) against phase angle, where the packets tell angle and distances (LSST's ssSource). */
export function PhaseCurve({ object }: { object: ObjectAnswer }) {
  const [marks, setMarks] = useState<readonly Mark[] | null>(null);
  useEffect(() => {
    const aborter = new AbortController();
    void Promise.all(object.alerts.slice(0, MOST_ALERTS).map((alert) => markOf(alert, aborter.signal))).then(
      (all) => setMarks(all.flatMap((mark) => mark ?? [])),
      () => {},
    );
    return () => aborter.abort();
  }, [object]);
  if (!marks) return <Empty>Reading angles and distances …</Empty>;
  if (marks.length === 0) return <Empty>The packets of this survey do not say the phase angle and the distances that a phase curve needs.</Empty>;
  const y = fitting(marks.map((m) => m.y));
  return (
    <Plot
      title={`Phase curve of ${object.objectId}`}
      file={`${object.objectId}-phase-curve`}
      height={260}
      x={{ label: "Phase angle (°)", scale: fitting(marks.map((m) => m.x)) }}
      y={{ label: "Reduced magnitude", scale: { from: y.to, to: y.from } }}
      marks={marks}
    />
  );
}

async function markOf({ survey, alertId, night, band, fluxNJy, magnitude }: ObjectAnswer["alerts"][number], signal: AbortSignal): Promise<Mark | null> {
  const client = new FinkClient("", { signal });
  const answer = await client.pageAlert({ survey, id: alertId, ...(night !== null && { night }) }).catch(() => null);
  if (answer === null) return null;
  const fields = new Map((answer as unknown as AlertAnswer).raw);
  const [angle, sun, earth] = ["phaseAngle", "heliocentricDist", "topocentricDist"].map((name) => Number(fields.get(`ssSource.${name}`) ?? NaN));
  const apparent = magnitude ?? (fluxNJy !== null && fluxNJy > 0 ? 31.4 - 2.5 * Math.log10(fluxNJy) : null);
  if (apparent === null || !Number.isFinite(angle * sun * earth)) return null;
  const reduced = apparent - 5 * Math.log10(sun * earth);
  return { key: alertId, x: angle, y: reduced, band: band ?? "", kind: "point", title: `${band} ${reduced.toFixed(2)} mag\nphase angle ${angle.toFixed(2)}°` };
}
