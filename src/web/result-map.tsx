import { useMemo, useState } from "preact/hooks";
import type { FoundRow, SkyAnswer } from "../api/pages/types.ts";
import { separation } from "../sky/angle.ts";
import { hammer } from "../sky/hammer.ts";
import { pageOf } from "./row-card.tsx";
import { CLASS_COLOURS } from "./sky-draw.ts";
import type { SkyView } from "./sky-geometry.ts";
import { SkyMap } from "./sky-map.tsx";

/** What a search found, on the sky: coloured by class, a click opens it. */
export function ResultMap({ rows, title }: { rows: readonly FoundRow[]; title: string }) {
  const sky = useMemo(() => skyOf(rows), [rows]);
  const [view, setView] = useState<SkyView>(() => viewOf(rows));
  const open = (alertId: string) => {
    const row = rows.find((r) => r.alertId === alertId);
    if (row) location.assign(pageOf(row));
  };
  return (
    <div class="sky-and-legend">
      <SkyMap
        title={title}
        frame="equatorial"
        sky={sky}
        view={view}
        onView={setView}
        onOpen={([, , , , alert]) => open(alert)}
        onPlace={() => {}}
      />
      <ul class="sky-legend" aria-label="Colours">
        {sky.colours.map(([name, count], i) => (
          <li key={name}>
            <span class={`swatch class-${Math.min(i, CLASS_COLOURS - 1)}`} /> {name}{" "}
            <small>{count}</small>
          </li>
        ))}
      </ul>
    </div>
  );
}

function skyOf(rows: readonly FoundRow[]): SkyAnswer {
  const placed = rows.filter((r) => r.ra !== null && r.dec !== null);
  const counts = [...Map.groupBy(placed, (r) => r.class ?? "Unclassified")]
    .map(([name, of]) => [name, of.length] as const)
    .sort((a, b) => b[1] - a[1]);
  const index = new Map(counts.map(([name], i) => [name, i]));
  const points = placed.map(
    (r) =>
      [
        r.ra!,
        r.dec!,
        index.get(r.class ?? "Unclassified")!,
        r.objectId ?? r.solarSystem ?? "",
        r.alertId,
      ] as const,
  );
  return { order: 0, total: placed.length, colours: counts, pixels: [], points };
}

/** All of the sky, or about as much as the rows take. */
function viewOf(rows: readonly FoundRow[]): SkyView {
  const [first] = rows;
  const [ra, dec] = [first?.ra ?? 0, first?.dec ?? 0];
  const radius = Math.max(0.02, ...rows.map((r) => separation(ra, dec, r.ra ?? ra, r.dec ?? dec)));
  if (radius > 40) return { x: 0, y: 0, zoom: 1 };
  const [x, y] = hammer(ra, dec);
  return { x, y, zoom: Math.max(1.5, 50 / radius) };
}
