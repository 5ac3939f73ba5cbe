import { useMemo } from "preact/hooks";
import type { ObjectAnswer } from "../api/pages/types.ts";
import { magnitudeOf } from "./format.ts";
import { Answered } from "./page.tsx";
import { fitHG, fitHG1G2, type PhaseFit, type PhasePoint } from "./phase-fit.ts";
import { fitting } from "./plot-scale.ts";
import { type Line, type Mark, Plot } from "./plot.tsx";
import { Empty, Facts } from "./text.tsx";
import { type Answer, useJson } from "./use-json.ts";

/** What LSST's packets say of the geometry, under its names of schemas 7 to 9 and of 10 on. */
const columns = {
  angle: ["r:ssSource_phaseAngle"],
  sun: ["r:ssSource_heliocentricDist", "r:ssSource_helioRange"],
  earth: ["r:ssSource_topocentricDist", "r:ssSource_topoRange"],
};
const wanted = [
  "r:band",
  "r:psfFlux",
  "r:psfFluxErr",
  "r:midpointMjdTai",
  ...Object.values(columns).flat(),
];
type Row = Readonly<Record<string, string | number | null>>;
/** Groups of fields; which there are depends on the schemas of the packets. */
type Schema = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Reduced magnitude (at 1 au from Sun and Earth) against phase angle, where the packets tell angle
 * and distances, with the phase functions that fit it.
 */
export function PhaseCurve({ object }: { object: ObjectAnswer }) {
  const { survey, objectId, alerts } = object;
  const schema = useJson<Schema>(
    `/api/v1/${survey}/schema${survey === "lsst" ? "?endpoint=/api/v1/sso" : ""}`,
  );
  const known =
    schema.answer.data &&
    new Set(Object.values(schema.answer.data).flatMap((fields) => Object.keys(fields)));
  const there = wanted.filter((name) => known?.has(name.slice(2)));
  const url = `/api/v1/${survey}/sso?n_or_d=${encodeURIComponent(objectId)}&columns=${encodeURIComponent(there.join(","))}`;
  const question = useJson<readonly Row[]>(there.length === 0 ? null : url, alerts.length);
  if (known && there.length === 0) return <Curve name={objectId} points={[]} />;
  return (
    <Answered
      {...(known ? question : { ...schema, answer: schema.answer as Answer<never> })}
      waiting="Reading angles and distances"
    >
      {(rows) => <Curve name={objectId} points={rows.flatMap((row) => pointOf(row) ?? [])} />}
    </Answered>
  );
}

function Curve({
  name,
  points,
}: {
  name: string;
  points: readonly (PhasePoint & { mjd: number })[];
}) {
  const fits = useMemo(() => [fitHG(points), fitHG1G2(points)] as const, [points.length]);
  if (points.length === 0)
    return (
      <Empty>
        The packets of this survey do not say the phase angle and the distances that a phase curve
        needs.
      </Empty>
    );
  const marks = points.map(({ angle, band, magnitude, error, mjd }): Mark => ({
    key: `${band} ${mjd}`,
    x: angle,
    y: magnitude,
    error,
    band,
    kind: "point",
    title: `${band} ${magnitude.toFixed(2)} ± ${error.toFixed(2)} mag\nphase angle ${angle.toFixed(2)}°`,
  }));
  const [x, y] = [
    fitting(marks.map((m) => m.x)),
    fitting(marks.flatMap((m) => [m.y - (m.error ?? 0), m.y + (m.error ?? 0)])),
  ];
  return (
    <>
      <Plot
        title={`Phase curve of ${name}`}
        file={`${name}-phase-curve`}
        height={260}
        x={{ label: "Phase angle (°)", scale: { ...x, from: Math.max(0, x.from) } }}
        y={{ label: "Reduced magnitude (AB)", scale: { from: y.to, to: y.from } }}
        marks={marks}
        lines={fits.flatMap((fit, i) =>
          fit ? linesOf(fit, i === 0 ? "fit" : "fit second", x) : [],
        )}
      />
      <Parameters fits={[["H, G", fits[0]] as const, ["H, G1, G2", fits[1]] as const]} />
    </>
  );
}

function linesOf(fit: PhaseFit, name: string, { from, to }: { from: number; to: number }): Line[] {
  const angles = Array.from(
    { length: 81 },
    (_, i) => Math.max(0, from) + (i * (to - Math.max(0, from))) / 80,
  );
  return [...fit.h].map(([band, h]) => ({
    name: `${name} band-${band}`,
    points: angles.map((angle) => [angle, h.value + fit.dimming(angle)] as const),
  }));
}

function Parameters({
  fits,
}: {
  fits: readonly (readonly [name: string, fit: PhaseFit | null])[];
}) {
  const number = (value: number, error: number | null) =>
    `${value.toFixed(2)}${error === null ? "" : ` ± ${error.toFixed(2)}`}`;
  const words = (fit: PhaseFit) => [
    `${fit.slopes.map((slope) => `${slope.name} ${number(slope.value, slope.error)}${slope.error === null ? " (taken)" : ""}`).join(", ")}; `,
    `${[...fit.h].map(([band, h]) => `H(${band}) ${number(h.value, h.error)}`).join(", ")} `,
    <small>scatter {fit.rms.toFixed(2)} mag</small>,
  ];
  return (
    <Facts
      facts={fits.map(
        ([name, fit]) =>
          [
            name,
            fit ? words(fit) : <small>needs 10 points over 10° of phase angle</small>,
          ] as const,
      )}
    />
  );
}

function pointOf(row: Row): (PhasePoint & { mjd: number }) | null {
  const value = (names: readonly string[]) =>
    Number(names.map((name) => row[name]).find((v) => v != null) ?? Number.NaN);
  const [angle, sun, earth] = [columns.angle, columns.sun, columns.earth].map(value);
  const [flux, fluxError] = [value(["r:psfFlux"]), value(["r:psfFluxErr"])];
  const magnitude =
    (magnitudeOf({ magnitude: null, fluxNJy: flux }) ?? Number.NaN) - 5 * Math.log10(sun * earth);
  if (!Number.isFinite(angle + magnitude) || !(fluxError > 0)) return null;
  return {
    angle,
    magnitude,
    error: (1.0857 * fluxError) / flux,
    band: String(row["r:band"]),
    mjd: value(["r:midpointMjdTai"]),
  };
}
