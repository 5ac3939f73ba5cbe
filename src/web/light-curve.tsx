import { useMemo, useState } from "preact/hooks";
import type { Measurement, ObjectAnswer } from "../api/pages/types.ts";
import { Band, negativeShape } from "./band.tsx";
import { useCutoutLook } from "./cutout-look.tsx";
import { Cutouts } from "./cutout.tsx";
import { alertOf } from "./epoch.tsx";
import {
  bandsOf,
  isNegative,
  keyOf,
  marksOf,
  quantities,
  type Quantity,
  undrawnText,
} from "./photometry.ts";
import { fitting } from "./plot-scale.ts";
import { Plot } from "./plot.tsx";
import { Empty } from "./text.tsx";
import { type TimeForm, timeForms, timeNames, timeText, timeTick } from "./time-axis.ts";
import { useAddress } from "./use-address.ts";

interface LightCurveProps {
  readonly object: ObjectAnswer;
  /** Of which epoch the images are shown. */
  readonly picked: Measurement | null;
  readonly onPick: (point: Measurement) => void;
}

/** Side of the images beside the pointer, CSS pixels. */
const previewSide = 84;

/**
 * All measurements against time; the pointer over one shows the images of its night, a click keeps
 * them.
 */
export function LightCurve({
  object: { objectId: name, points, alerts },
  picked,
  onPick,
}: LightCurveProps) {
  const address = useAddress();
  const quantity =
    (Object.keys(quantities) as Quantity[]).find((q) => q === address.get("y")) ??
    defaultQuantity(points);
  const time = timeForms.find((t) => t === address.get("t")) ?? "date";
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => points.filter((p) => !hidden.has(p.band)), [points, hidden]);
  const marks = useMemo(
    () =>
      marksOf(
        shown,
        quantity,
        (p) => p.mjd,
        (p) => timeText(p.mjd, time),
      ),
    [shown, quantity, time],
  );
  const byKey = useMemo(() => new Map(points.map((p) => [keyOf(p), p])), [points]);
  const y = fitting(
    marks.flatMap((m) => (m.isFaint ? [m.y] : [m.y - (m.error ?? 0), m.y + (m.error ?? 0)])),
  );
  const toggle = (band: string) =>
    setHidden(
      new Set(hidden.has(band) ? [...hidden].filter((b) => b !== band) : [...hidden, band]),
    );
  return (
    <>
      <div class="controls">
        <Choice
          label="Show"
          value={quantity}
          options={Object.entries(quantities).map(([key, q]) => [key, q.name])}
          onChange={(value) => address.set({ y: value })}
        />
        <Choice
          label="Time"
          value={time}
          options={timeForms.map((t) => [t, timeNames[t]])}
          onChange={(value) => address.set({ t: value as TimeForm })}
        />
        <Bands names={bandsOf(points)} hidden={hidden} onToggle={toggle} />
      </div>
      {marks.length === 0 ? (
        <Empty>No measurement has this quantity. Choose another under “Show”.</Empty>
      ) : (
        <Plot
          title={`Light curve of ${name}: ${quantities[quantity].name} against time, ${marks.length} points`}
          file={`${name}-light-curve`}
          height={330}
          x={{
            label: time === "date" ? "Date (survey's time scale)" : timeNames[time],
            scale: fitting(marks.map((m) => m.x)),
            text: timeTick(time),
            isTime: true,
          }}
          y={{
            label: quantities[quantity].label,
            scale: quantities[quantity].isMagnitude ? { from: y.to, to: y.from } : y,
          }}
          marks={marks}
          picked={picked && keyOf(picked)}
          preview={(key) => <OfThatNight point={byKey.get(key)} alerts={alerts} />}
          onPick={(key) => byKey.get(key) && onPick(byKey.get(key)!)}
        />
      )}
      <Notes
        negative={marks.filter((mark) => mark.isNegative).length}
        undrawn={undrawnText(shown, quantity)}
      />
    </>
  );
}

function Bands({
  names,
  hidden,
  onToggle,
}: {
  names: readonly string[];
  hidden: ReadonlySet<string>;
  onToggle: (name: string) => void;
}) {
  return (
    <span class="bands">
      {names.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={!hidden.has(name)}
          onClick={() => onToggle(name)}
        >
          <Band name={name} />
        </button>
      ))}
    </span>
  );
}

/** A note on what the markers do not show. */
function Notes({ negative, undrawn }: { negative: number; undrawn: string | null }) {
  if (negative === 0 && undrawn === null) return null;
  return (
    <p class="plot-notes">
      {negative > 0 && (
        <>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <path d={negativeShape} />
          </svg>{" "}
          {negative} negative {negative === 1 ? "difference" : "differences"}: fainter than the
          template, drawn at the magnitude of the missing light.{" "}
        </>
      )}
      {undrawn}
    </p>
  );
}

function OfThatNight({
  point,
  alerts,
}: {
  point: Measurement | undefined;
  alerts: ObjectAnswer["alerts"];
}) {
  const { look } = useCutoutLook();
  const alert = point && alertOf(point, alerts);
  if (!alert || Math.abs((alert.mjd ?? Infinity) - point.mjd) > 0.5) return null;
  return <Cutouts survey={alert.survey} alertId={alert.alertId} side={previewSide} look={look} />;
}

/** Flux where most detections are negative or have no magnitude. */
function defaultQuantity(points: readonly Measurement[]): Quantity {
  const detections = points.filter((p) => p.kind === "alert" || p.kind === "history");
  return detections.filter((p) => p.magnitude !== null && !isNegative(p)).length * 2 <
    detections.length
    ? "flux"
    : "difference";
}

export function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}) {
  return (
    <label>
      {label}{" "}
      <select
        value={value}
        aria-label={label || options[0][1]}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
