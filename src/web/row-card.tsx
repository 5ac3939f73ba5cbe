import type { ComponentChild } from "preact";
import type { LatestAlert } from "../api/lake-view.ts";
import type { AlertRow, MatchRow } from "../api/pages/types.ts";
import { Band } from "./band.tsx";
import type { CutoutLook } from "./cutout-look.tsx";
import { Cutouts } from "./cutout.tsx";
import { formatBrightness, formatMjd, formatPosition, formatSexagesimal } from "./format.ts";
import { Spark } from "./spark.tsx";
import { Copy } from "./text.tsx";

const CUTOUT_SIDE = 88;

/**
 * What a card shows of an alert: of one that just came in its class and light curve are not read.
 */
type CardRow = LatestAlert | AlertRow | MatchRow;

/** The page of the alert's object, with its images. */
export function pageOf(row: CardRow): string {
  const { survey, objectId, alertId } = row;
  if (objectId !== null)
    return `/object/${survey}/${encodeURIComponent(objectId)}?alert=${encodeURIComponent(alertId)}`;
  if ("solarSystem" in row && row.solarSystem !== null)
    return `/sso/${survey}/${encodeURIComponent(row.solarSystem)}?alert=${encodeURIComponent(alertId)}`;
  return `/search?q=${encodeURIComponent(alertId)}`;
}

interface CardProps {
  readonly row: CardRow;
  readonly look: CutoutLook;
  /** In the place of the filter's name, or of nothing. */
  readonly note?: ComponentChild;
}

/** An alert as a card: images, light curve, what it is, how bright, who took it. */
export function RowCard({ row, look, note }: CardProps) {
  const brightness = formatBrightness(row.magnitude, row.fluxNJy);
  return (
    <li class="alert">
      <p>
        <a href={pageOf(row)}>
          <code>
            {row.objectId ?? ("solarSystem" in row ? row.solarSystem : null) ?? row.alertId}
          </code>
        </a>
        <span>{row.survey.toUpperCase()}</span>
      </p>
      <p>
        {"class" in row ? (
          <b>{row.class ?? "Unclassified"}</b>
        ) : (
          <Copy text={row.alertId} title="Alert" />
        )}
        {"filter" in row ? (
          <a href={`/filters/${row.survey}/${row.filter}?alert=${encodeURIComponent(row.alertId)}`}>
            {note ?? row.filter}
          </a>
        ) : (
          <span>{note}</span>
        )}
      </p>
      <Cutouts survey={row.survey} alertId={row.alertId} side={CUTOUT_SIDE} look={look} />
      {"curve" in row && row.curve && <Spark points={row.curve} />}
      <p>
        <span>
          {row.band && <Band name={row.band} />} {brightness}{" "}
          {/nJy|–/.test(brightness) ? "" : <small>mag</small>}
        </span>
        <span
          title={row.mjd === null ? "" : `MJD ${row.mjd.toFixed(6)}, in the survey's time scale`}
        >
          {formatMjd(row.mjd).slice(0, 16)}
        </span>
      </p>
      <p>
        {row.ra !== null && row.dec !== null && (
          <Copy
            text={`${row.ra} ${row.dec}`}
            title={`${formatSexagesimal(row.ra, row.dec)} (J2000)`}
          >{`${formatPosition(row.ra, row.dec)}°`}</Copy>
        )}
      </p>
    </li>
  );
}
