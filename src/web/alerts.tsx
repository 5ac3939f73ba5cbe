import { useEffect, useRef, useState } from "preact/hooks";
import type { CutoutKind, LatestAlert } from "../api/lake-view.ts";
import { Band } from "./band.tsx";
import { Cutout } from "./cutout.tsx";
import type { CutoutLook } from "./cutout-look.tsx";
import { formatBrightness, formatMjd, formatPosition, formatSexagesimal } from "./format.ts";
import { Ago, Copy, Empty } from "./text.tsx";

/** A list that changes faster than this cannot be read, nor its images loaded. */
const CALM_MS = 3_000;
const CUTOUT_SIDE = 88;
const cutoutKinds: readonly CutoutKind[] = ["science", "template", "difference"];

interface AlertsProps {
  readonly alerts: readonly LatestAlert[] | undefined;
  /** ms since 1970. */
  readonly now: number;
  readonly look: CutoutLook;
  /** All in one row, or in as many as are needed. */
  readonly layout: "strip" | "grid";
}

/** The newest alerts as cards. They stand still while the pointer is on them. */
export function Alerts({ alerts, now, look, layout }: AlertsProps) {
  const [held, setHeld] = useState(false);
  const shown = useCalm(alerts, held);
  if (!shown) return <Empty>Asking for the newest alerts …</Empty>;
  if (shown.length === 0) {
    return (
      <Empty>
        No alert is in the lake yet. Start the archive with <code>./fink start all</code>, or make a synthetic night with <code>./fink demo</code>.
      </Empty>
    );
  }
  return (
    <ol class={`alerts ${layout}`} onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)}>
      {shown.map((alert) => (
        <AlertCard key={`${alert.survey} ${alert.alertId}`} alert={alert} now={now} look={look} />
      ))}
    </ol>
  );
}

function AlertCard({ alert, now, look }: { alert: LatestAlert; now: number; look: CutoutLook }) {
  const { survey, alertId, objectId, mjd, ra, dec, band } = alert;
  const brightness = formatBrightness(alert.magnitude, alert.fluxNJy);
  return (
    <li class="alert">
      <p>
        <span>
          <b>{survey.toUpperCase()}</b>{" "}
          {objectId && (
            <a href={`/object/${survey}/${encodeURIComponent(objectId)}?alert=${alertId}`}>
              <code>{objectId}</code>
            </a>
          )}
        </span>
        <Ago at={alert.committedAt} now={now} />
      </p>
      <div class="cutouts">
        {cutoutKinds.map((kind) => (
          <Cutout key={kind} survey={survey} alertId={alertId} kind={kind} side={CUTOUT_SIDE} look={look} />
        ))}
      </div>
      <p>
        <span>
          {band && <Band name={band} />} {brightness} {brightness.includes("nJy") || brightness === "–" ? "" : <small>mag</small>}
        </span>
        {ra !== null && dec !== null && <Copy text={`${ra} ${dec}`} title={`${formatSexagesimal(ra, dec)} (J2000)`}>{`${formatPosition(ra, dec)}°`}</Copy>}
      </p>
      <p>
        <Copy text={alertId} title="Alert" />
        <span title={mjd === null ? "" : `Observed at MJD ${mjd.toFixed(6)}, in the survey's time scale`}>{formatMjd(mjd)}</span>
      </p>
    </li>
  );
}

/** The value, but changing at most every `CALM_MS` and not while held. */
function useCalm<T>(value: T | undefined, held: boolean): T | undefined {
  const [calm, setCalm] = useState(value);
  const changedAt = useRef(0);
  useEffect(() => {
    if (held || value === undefined) return;
    const timer = setTimeout(
      () => {
        changedAt.current = Date.now();
        setCalm(value);
      },
      Math.max(0, changedAt.current + CALM_MS - Date.now()),
    );
    return () => clearTimeout(timer);
  }, [value, held]);
  return calm;
}
