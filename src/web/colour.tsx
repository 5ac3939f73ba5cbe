import { useMemo } from "preact/hooks";
import type { Measurement } from "../api/pages/types.ts";
import { bandsOf, isNegative, valueOf } from "./photometry.ts";
import { fitting } from "./plot-scale.ts";
import { type Mark, Plot } from "./plot.tsx";
import { Empty } from "./text.tsx";
import { timeText, timeTick } from "./time-axis.ts";

/** Fink's: a g and an r of one colour are at most so many days apart. */
const MOST_APART = 0.3;

/** Difference of neighbouring bands' magnitudes where both were measured in the same night. */
export function Colour({ name, points }: { name: string; points: readonly Measurement[] }) {
  const marks = useMemo(() => coloursOf(points), [points]);
  if (marks.length === 0)
    return (
      <Empty>
        No two neighbouring bands have detections brighter than the template within {MOST_APART}{" "}
        days of each other.
      </Empty>
    );
  const names = [...new Set(marks.map((m) => m.title.split(" ")[0]))].join(", ");
  const y = fitting(marks.flatMap((m) => [m.y - (m.error ?? 0), m.y + (m.error ?? 0)]));
  return (
    <Plot
      title={`Colour of ${name} against time: ${names}`}
      file={`${name}-colour`}
      height={210}
      x={{
        label: "Date (survey's time scale)",
        scale: fitting(marks.map((m) => m.x)),
        isTime: true,
        text: timeTick("date"),
      }}
      y={{ label: names, scale: y }}
      marks={marks}
    />
  );
}

export function coloursOf(points: readonly Measurement[]): Mark[] {
  const measured = points.filter(
    (p) =>
      p.kind !== "limit" &&
      p.kind !== "forced" &&
      !p.isBad &&
      p.magnitude !== null &&
      !isNegative(p),
  );
  const bands = bandsOf(measured);
  return bands.slice(0, -1).flatMap((blue, i) => {
    const red = bands[i + 1];
    const reds = measured.filter((p) => p.band === red);
    return measured.flatMap((p): Mark[] => {
      if (p.band !== blue) return [];
      const other = reds.reduce<Measurement | null>(
        (best, q) =>
          best === null || Math.abs(q.mjd - p.mjd) < Math.abs(best.mjd - p.mjd) ? q : best,
        null,
      );
      if (!other || Math.abs(other.mjd - p.mjd) > MOST_APART) return [];
      const [a, b] = [valueOf(p, "difference")!, valueOf(other, "difference")!];
      const error = Math.hypot(a.error ?? 0, b.error ?? 0);
      const value = a.value - b.value;
      const title = `${blue}−${red}  ${value.toFixed(3)} ± ${error.toFixed(3)} mag\n${timeText(p.mjd, "date")}`;
      return [
        {
          key: `${blue}${red} ${p.mjd}`,
          x: p.mjd,
          y: value,
          error,
          band: blue,
          kind: "point",
          title,
        },
      ];
    });
  });
}
