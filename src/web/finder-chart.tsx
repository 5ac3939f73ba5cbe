import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { CatalogueSource } from "../api/catalogues.ts";
import type { AlertRow, FoundRow, SearchAnswer } from "../api/pages/types.ts";
import { cosDegrees } from "../sky/angle.ts";
import { loadFits } from "./cutout.tsx";
import type { FitsImage } from "../sky/fits.ts";
import { formatMjd, formatSexagesimal } from "./format.ts";
import { Choice } from "./light-curve.tsx";
import { pageOf } from "./row-card.tsx";
import { SaveButtons } from "./save-buttons.tsx";
import { scaleBarArcsec, skyFrame } from "./sky-frame.ts";
import { greyLevels } from "./stretch.ts";
import { useJson } from "./use-json.ts";

const SIDE = 420;
/** Arcsec; the first is about an LSST cutout and what surrounds it, the third one of ZTF. */
const FIELDS = [10, 20, 60, 120, 300] as const;
const GREYS = 24;
const MOST_NEIGHBOURS = 60;

/** Steps from the middle, arcsec: to the left (east) and up (north). */
interface Offset {
  readonly east: number;
  readonly north: number;
}

type Target = AlertRow & { readonly ra: number; readonly dec: number };

/**
 * Where an object is on the sky, to find it at a telescope: north up, east left. Drawn from what
 * the lake has, so that it needs no other server.
 */
export function FinderChart({ alert, name }: { alert: Target; name: string }) {
  const { survey, alertId } = alert;
  const [field, setField] = useState<number>(survey === "lsst" ? FIELDS[0] : FIELDS[2]);
  const svg = useRef<SVGSVGElement>(null);
  const image = useTemplate(survey, alertId);
  const { others, known } = useNeighbours(alert, field);
  const scale = SIDE / field;
  return (
    <section class="finder">
      <header>
        <h2>Finder chart</h2>
        <span class="controls">
          <Choice
            label="Field"
            value={String(field)}
            options={FIELDS.map((f) => [String(f), f < 120 ? `${f}″` : `${f / 60}′`])}
            onChange={(value) => setField(Number(value))}
          />
          <SaveButtons svg={svg} name={`${name}-finder`} />
        </span>
      </header>
      <svg
        ref={svg}
        role="group"
        aria-label={`Finder chart of ${name}, ${field}″ wide, north up, east left`}
        viewBox={`0 0 ${SIDE} ${SIDE}`}
      >
        <rect class="night" width={SIDE} height={SIDE} />
        {image && <Picture image={image} scale={scale} />}
        {known.map(({ source, at }) => (
          <path
            key={`${source.catalogue} ${source.ra} ${source.dec}`}
            class="known"
            transform={placed(at, scale)}
            d="M-5 0H5M0 -5V5"
          >
            <title>{wordsOf(source)}</title>
          </path>
        ))}
        {others.map(({ row, at }) => (
          <a
            key={row.alertId}
            href={pageOf(row)}
            aria-label={row.objectId ?? row.solarSystem ?? row.alertId}
          >
            <circle class="other" r={6} transform={placed(at, scale)}>
              <title>{`${row.objectId ?? row.solarSystem}, ${row.class ?? "unclassified"}\n${row.separationArcsec?.toFixed(1)}″ away`}</title>
            </circle>
          </a>
        ))}
        <Marks field={field} scale={scale} target={alert} name={name} />
      </svg>
      <p class="legend">
        {image ? "Template of the alert; " : ""}○ objects with alerts ({others.length}); +
        catalogues of the lake ({known.length})
      </p>
    </section>
  );
}

/** Other objects with alerts, and sources of catalogues, within the field. */
function useNeighbours(target: Target, field: number) {
  const { ra, dec } = target;
  const radius = Math.ceil((field / 2) * Math.SQRT2);
  const objects =
    useJson<SearchAnswer>(`/api/pages/search?q=${encodeURIComponent(`${ra} ${dec} ${radius}`)}`)
      .answer.data?.rows ?? [];
  const sources =
    useJson<readonly CatalogueSource[]>(`/api/v1/catalogues?ra=${ra}&dec=${dec}&radius=${radius}`)
      .answer.data ?? [];
  const offset = (place: { ra: number; dec: number }): Offset => ({
    east: 3600 * (((place.ra - ra + 540) % 360) - 180) * cosDegrees(dec),
    north: 3600 * (place.dec - dec),
  });
  const isIn = ({ at: { east, north } }: { at: Offset }) =>
    Math.max(Math.abs(east), Math.abs(north)) < field / 2;
  const others = objects.flatMap((row) =>
    row.ra === null || row.dec === null || isSame(row, target)
      ? []
      : [{ row, at: offset({ ra: row.ra, dec: row.dec }) }],
  );
  return {
    others: others.filter(isIn).slice(0, MOST_NEIGHBOURS),
    known: sources.map((source) => ({ source, at: offset(source) })).filter(isIn),
  };
}

function wordsOf({ catalogue, values, separationArcsec }: CatalogueSource): string {
  const columns = Object.entries(values).map(([column, value]) => `${column} ${value}`);
  return `${[catalogue, ...columns].join(", ")}\n${separationArcsec.toFixed(1)}″ away`;
}

function isSame(row: FoundRow, { survey, objectId, solarSystem, alertId }: AlertRow): boolean {
  if (row.survey !== survey) return false;
  return (
    row.alertId === alertId ||
    (objectId !== null && row.objectId === objectId) ||
    (solarSystem !== null && row.solarSystem === solarSystem)
  );
}

function placed({ east, north }: Offset, scale: number): string {
  return `translate(${(SIDE / 2 - east * scale).toFixed(1)} ${(SIDE / 2 - north * scale).toFixed(1)})`;
}

/** The object between two ticks, the compass, a bar of round length, and what it is. */
function Marks({
  field,
  scale,
  target: { ra, dec, mjd },
  name,
}: {
  field: number;
  scale: number;
  target: Target;
  name: string;
}) {
  const middle = SIDE / 2;
  const bar = scaleBarArcsec(field);
  return (
    <g class="marks">
      <path d={`M${middle + 14} ${middle}h22M${middle} ${middle - 14}v-22`} />
      <path
        d={`M${SIDE - 24} ${SIDE - 20}v-34m-4 8l4 -8l4 8M${SIDE - 24} ${SIDE - 20}h-34m8 -4l-8 4l8 4`}
      />
      <text x={SIDE - 28} y={SIDE - 60}>
        N
      </text>
      <text x={SIDE - 74} y={SIDE - 16}>
        E
      </text>
      <path d={`M16 ${SIDE - 20}h${bar * scale}m0 -4v8m${-bar * scale} 0v-8`} />
      <text x={16} y={SIDE - 28}>
        {bar < 60 ? `${bar}″` : `${bar / 60}′`}
      </text>
      <text x={12} y={20}>
        {name}
      </text>
      <text x={12} y={36}>
        {formatSexagesimal(ra, dec)} (J2000
        {mjd === null ? "" : `, seen ${formatMjd(mjd).slice(0, 10)}`})
      </text>
    </g>
  );
}

/**
 * A path for each of a few greys: a picture that stays sharp in print, and needs no file beside it.
 */
function Picture({ image, scale }: { image: FitsImage; scale: number }) {
  const { toScreen, centre, arcsecPerPixel } = skyFrame(image.width, image.height, image.header);
  const greys = useMemo(() => pathsOf(image), [image]);
  const matrix = toScreen.map((m) => (m * scale * (arcsecPerPixel ?? 1)).toFixed(5)).join(" ");
  return (
    <g
      transform={`translate(${SIDE / 2} ${SIDE / 2}) matrix(${matrix} 0 0) translate(${-centre[0]} ${-centre[1]})`}
      shape-rendering="crispEdges"
    >
      {greys.map((path, i) => {
        const level = Math.round((255 * i) / (GREYS - 1));
        return (
          path !== "" && <path key={level} fill={`rgb(${level} ${level} ${level})`} d={path} />
        );
      })}
    </g>
  );
}

function pathsOf({ width, height, pixels }: FitsImage): string[] {
  const levels = greyLevels(pixels, "asinh");
  const paths = Array.from({ length: GREYS }, () => "");
  const greyAt = (x: number, y: number) =>
    x < width && levels ? Math.round((levels[y * width + x] / 255) * (GREYS - 1)) : -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0, end = 0; x < width; x = end) {
      for (end = x + 1; end < width && greyAt(end, y) === greyAt(x, y);) end++;
      if (greyAt(x, y) >= 0) paths[greyAt(x, y)] += `M${x} ${y}h${end - x}v1H${x}z`;
    }
  }
  return paths;
}

function useTemplate(survey: string, alertId: string): FitsImage | null {
  const [image, setImage] = useState<FitsImage | null>(null);
  useEffect(() => {
    const aborter = new AbortController();
    void loadFits(survey, alertId, "template", aborter.signal, (found) =>
      setImage(typeof found === "string" ? null : found),
    );
    return () => aborter.abort();
  }, [survey, alertId]);
  return image;
}
