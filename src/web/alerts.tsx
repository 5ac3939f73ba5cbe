import { useEffect, useRef, useState } from "preact/hooks";
import type { LatestAlert } from "../api/lake-view.ts";
import type { CutoutLook } from "./cutout-look.tsx";
import { RowCard } from "./row-card.tsx";
import { Ago, Empty } from "./text.tsx";

/** A list that changes faster than this cannot be read, nor its images loaded. */
const CALM_MS = 3_000;

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
        No alert is in the lake yet. Start the archive with <code>./fink start all</code>, or make a
        synthetic night with <code>./fink demo</code>.
      </Empty>
    );
  }
  return (
    <ol
      class={`alerts ${layout}`}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      {shown.map((alert) => (
        <RowCard
          key={`${alert.survey} ${alert.alertId}`}
          row={alert}
          look={look}
          note={<Ago at={alert.committedAt} now={now} />}
        />
      ))}
    </ol>
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
