import type { FixedClass, Source } from "../simulator/classes/class.ts";
import { classes } from "../simulator/classes/classes.ts";
import { abFlux, abMagnitude } from "../simulator/photometry.ts";
import { normalOf, randomStream } from "../simulator/random.ts";
import { fieldsOf } from "../simulator/survey/fields.ts";
import { type Band, bandsOf, type Telescope, telescopes } from "../simulator/survey/telescope.ts";

/** The survey's own colours (Rubin: RTN-045, light background). */
const colours: Readonly<Record<Band, string>> = {
  u: "#1600ea",
  g: "#31de1f",
  r: "#b52626",
  i: "#370201",
  z: "#ba52ff",
  y: "#61a2b3",
};
const [width, height] = [520, 240];
const margin = { left: 46, right: 12, top: 28, bottom: 34 };

/**
 * A light curve of each class that has one, by name, as an SVG picture: what is true as lines, what
 * the telescope would measure as points.
 */
export function lightCurvePictures(): (readonly [name: string, svg: string])[] {
  return classes.flatMap((model) =>
    model.kind === "fixed" ? [[model.name, pictureOf(model)] as const] : [],
  );
}

function pictureOf(model: FixedClass): string {
  const telescope = telescopes.ztf;
  const source = typicalSource(model, telescope);
  const [from, to] = spanOf(model, source);
  const curves = bandsOf(telescope).map((band) => curveOf(source, band, from, to));
  const magnitudes = curves
    .flatMap((c) => c.line.map(([, m]) => m))
    .filter((m) => m < faintestShown);
  const [bright, faint] = [Math.min(...magnitudes) - 0.2, Math.max(...magnitudes) + 0.2];
  const x = (mjd: number): number =>
    margin.left + ((mjd - from) / (to - from)) * (width - margin.left - margin.right);
  const y = (magnitude: number): number =>
    margin.top + ((magnitude - bright) / (faint - bright)) * (height - margin.top - margin.bottom);
  const drawn = curves.map(({ band, line, points }) =>
    drawCurve(band, line, points, { x, y, faint }),
  );
  return svg(`${model.title}, as ZTF would see it`, [
    ...axes({ from, to, bright, faint, x, y, zero: source.truth.peakMjd }),
    ...drawn,
    ...legend(telescope),
  ]);
}

const faintestShown = 22.5;

/** The first one drawn that the telescope sees well. */
function typicalSource(model: FixedClass, telescope: Telescope): Source {
  const fields = fieldsOf(telescope);
  const field = fields.reduce((best, f) =>
    Math.abs(f.l - 120) + Math.abs(Math.abs(f.b) - 20) <
    Math.abs(best.l - 120) + Math.abs(Math.abs(best.b) - 20)
      ? f
      : best,
  );
  let best: Source | null = null;
  for (let i = 0; i < 400; i++) {
    const source = model.draw(field, telescope, model.lastsDays ? epoch : 0, randomStream(4, i));
    if (source.truth.magnitude > 15.5 && source.truth.magnitude < 18.5) return source;
    if (!best || Math.abs(source.truth.magnitude - 17) < Math.abs(best.truth.magnitude - 17))
      best = source;
  }
  return best as Source;
}

const epoch = 61500;

/** An event from its rise to its fading; three periods of what repeats; two years of the rest. */
function spanOf(model: FixedClass, source: Source): readonly [from: number, to: number] {
  const period = source.truth.parameters["periodDays"];
  if (period !== undefined) return [epoch, epoch + 3 * period];
  if (!model.lastsDays) return [epoch, epoch + 730];
  const [first, last] = model.lastsDays;
  const days = Array.from({ length: 800 }, (_, i) => epoch + first + ((last - first) * i) / 800);
  const flux = (mjd: number): number => Math.abs(source.flux(mjd, "r"));
  const peak = Math.max(...days.map(flux));
  const seen = days.filter((mjd) => flux(mjd) > 0.04 * peak);
  return [seen[0] - 0.1 * (seen[seen.length - 1] - seen[0]), seen[seen.length - 1]];
}

interface Curve {
  readonly band: Band;
  readonly line: readonly (readonly [mjd: number, magnitude: number])[];
  readonly points: readonly (readonly [mjd: number, magnitude: number, error: number])[];
}

function curveOf(source: Source, band: Band, from: number, to: number): Curve {
  const magnitudeAt = (mjd: number): number =>
    abMagnitude(Math.max(1, source.flux(mjd, band) + source.referenceFlux(band)));
  const at = (i: number, n: number): number => from + ((to - from) * (i + 0.5)) / n;
  const line = Array.from(
    { length: 360 },
    (_, i) => [at(i, 360), magnitudeAt(at(i, 360))] as const,
  );
  const error = abFlux(telescopes.ztf.bands[band]?.depth ?? 20) / 5;
  const points = Array.from({ length: 24 }, (_, i) => {
    const mjd = at(i, 24);
    const flux = abFlux(magnitudeAt(mjd));
    const measured = Math.max(1, flux + error * normalOf(i, band.charCodeAt(0)));
    return [mjd, abMagnitude(measured), (1.0857 * error) / measured] as const;
  });
  return { band, line, points: points.filter(([, , sigma]) => sigma < 0.22) };
}

interface Scales {
  x(mjd: number): number;
  y(magnitude: number): number;
  readonly faint: number;
}

function drawCurve(
  band: Band,
  line: Curve["line"],
  points: Curve["points"],
  { x, y, faint }: Scales,
): string {
  const shown = line.map(
    ([mjd, magnitude]) => `${x(mjd).toFixed(1)},${y(Math.min(magnitude, faint)).toFixed(1)}`,
  );
  const dots = points.map(([mjd, magnitude, sigma]) => {
    const [cx, cy, half] = [
      x(mjd).toFixed(1),
      y(magnitude).toFixed(1),
      y(magnitude + sigma) - y(magnitude),
    ];
    return `<path d="M${cx} ${(Number(cy) - half).toFixed(1)}v${(2 * half).toFixed(1)}"/><circle cx="${cx}" cy="${cy}" r="2"/>`;
  });
  return `<g stroke="${colours[band]}" fill="${colours[band]}"><polyline fill="none" stroke-opacity="0.5" points="${shown.join(" ")}"/>${dots.join("")}</g>`;
}

interface Axes extends Scales {
  readonly from: number;
  readonly to: number;
  readonly bright: number;
  /** MJD that the axis counts from; null: the beginning. */
  readonly zero: number | null;
}

function axes({ from, to, bright, faint, x, y, zero }: Axes): string[] {
  const bottom = height - margin.bottom;
  const start = zero ?? from;
  const days = ticks(from - start, to - start).map(
    (t) =>
      `<path d="M${x(t + start).toFixed(1)} ${bottom}v4"/><text x="${x(t + start).toFixed(1)}" y="${bottom + 15}" text-anchor="middle">${t}</text>`,
  );
  const magnitudes = ticks(bright, faint).map(
    (t) =>
      `<path d="M${margin.left} ${y(t).toFixed(1)}h-4"/><text x="${margin.left - 7}" y="${(y(t) + 4).toFixed(1)}" text-anchor="end">${t}</text>`,
  );
  const frame = `<path fill="none" d="M${margin.left} ${margin.top}V${bottom}H${width - margin.right}"/>`;
  const names = `<text x="${width / 2}" y="${height - 3}" text-anchor="middle">days${zero === null ? "" : " from peak"}</text><text x="12" y="${height / 2}" text-anchor="middle" transform="rotate(-90 12 ${height / 2})">AB magnitude</text>`;
  return [
    `<g stroke="none" fill="#555">${names}</g>`,
    `<g stroke="#888" fill="#555">${frame}${[...days, ...magnitudes].join("").replaceAll("<text", '<text stroke="none"')}</g>`,
  ];
}

/** About five round numbers. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough) ?? rough;
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  return Array.from({ length: 12 }, (_, i) =>
    Number(((Math.ceil(low / step) + i) * step).toFixed(digits)),
  ).filter((t) => t <= high);
}

function legend(telescope: Telescope): string[] {
  return bandsOf(telescope).map(
    (band, i) =>
      `<text x="${width - margin.right - 16 * (3 - i)}" y="18" fill="${colours[band]}" font-weight="bold">${band}</text>`,
  );
}

function svg(title: string, parts: readonly string[]): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11" role="img">`;
  return `${open}<title>${title}</title><rect width="${width}" height="${height}" fill="#fff"/><text x="${margin.left}" y="18" fill="#333" font-size="13">${title}</text>${parts.join("")}</svg>\n`;
}
