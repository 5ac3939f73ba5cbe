import type { CutoutKind } from "../api/lake-view.ts";
import type { AlertRow, MatchRow } from "../api/pages/types.ts";
import { Band } from "./band.tsx";
import type { CutoutLook } from "./cutout-look.tsx";
import { Cutout } from "./cutout.tsx";
import { formatBrightness, formatMjd, formatPosition, formatSexagesimal } from "./format.ts";
import { Spark } from "./spark.tsx";
import { Copy } from "./text.tsx";

const kinds: readonly CutoutKind[] = ["science", "template", "difference"];
const CUTOUT_SIDE = 88;

/** The page of the alert's object, with its images. */
export function pageOf({ survey, objectId, solarSystem, alertId }: AlertRow): string {
  if (objectId !== null) return `/object/${survey}/${encodeURIComponent(objectId)}?alert=${alertId}`;
  if (solarSystem !== null) return `/sso/${survey}/${encodeURIComponent(solarSystem)}?alert=${alertId}`;
  return `/search?q=${alertId}`;
}

/** An alert as a card: images, light curve, what it is, how bright, who took it. `note`: in the place of the filter's name, or of nothing. */
export function RowCard({ row, look, note }: { row: AlertRow | MatchRow; look: CutoutLook; note?: string }) {
  const brightness = formatBrightness(row.magnitude, row.fluxNJy);
  return (
    <li class="alert">
      <p>
        <a href={pageOf(row)}>
          <code>{row.objectId ?? row.solarSystem ?? row.alertId}</code>
        </a>
        <span>{row.survey.toUpperCase()}</span>
      </p>
      <p>
        <b>{row.class ?? "Unclassified"}</b>
        {"filter" in row ? <a href={`/filters/${row.survey}/${row.filter}?alert=${row.alertId}`}>{note ?? row.filter}</a> : <span>{note}</span>}
      </p>
      <div class="cutouts">
        {kinds.map((kind) => (
          <Cutout key={kind} survey={row.survey} alertId={row.alertId} kind={kind} side={CUTOUT_SIDE} look={look} />
        ))}
      </div>
      {row.curve && <Spark points={row.curve} />}
      <p>
        <span>
          {row.band && <Band name={row.band} />} {brightness} {/nJy|–/.test(brightness) ? "" : <small>mag</small>}
        </span>
        <span>{formatMjd(row.mjd).slice(0, 16)}</span>
      </p>
      <p>
        {row.ra !== null && row.dec !== null && (
          <Copy text={`${row.ra} ${row.dec}`} title={`${formatSexagesimal(row.ra, row.dec)} (J2000)`}>{`${formatPosition(row.ra, row.dec)}°`}</Copy>
        )}
      </p>
    </li>
  );
}
