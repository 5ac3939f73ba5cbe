const NONE = "–";

export function formatCount(n: number | null | undefined): string {
  return n == null ? NONE : Math.round(n).toLocaleString("en-GB");
}

/** A rate with three significant digits at most. */
export function formatRate(n: number | null | undefined): string {
  if (n == null) return NONE;
  if (n >= 100) return formatCount(n);
  return n.toFixed(n >= 10 || n === 0 ? 1 : 2);
}

export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toPrecision(power === 0 ? undefined : 3)} ${units[power]}`;
}

/** `850 ms`, `1.20 s`, `42 s`, `5 min`, `3.2 h`, `12 d`. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms == null) return NONE;
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 10) return `${s.toFixed(2)} s`;
  if (s < 100) return `${Math.round(s)} s`;
  if (s < 6000) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${(s / 3600).toFixed(1)} h` : `${Math.round(s / 86_400)} d`;
}

/** `3 s ago`; in whole seconds, so that it does not flicker. */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000));
  return seconds < 1
    ? "now"
    : `${seconds < 100 ? `${seconds} s` : formatDuration(seconds * 1000)} ago`;
}

/** `2026-01-31 05:12:33`, UTC. */
export function formatUtc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

const MJD_OF_1970 = 40_587;

/** Calendar date and time of a modified Julian date, in the date's own time scale. */
export function formatMjd(mjd: number | null): string {
  return mjd === null ? NONE : formatUtc((mjd - MJD_OF_1970) * 86_400_000);
}

/** Right ascension and declination in degrees; 1e-5 degrees are 0.04 arcsec. */
export function formatPosition(ra: number, dec: number): string {
  return `${ra.toFixed(5).padStart(9, "0")} ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(5).padStart(8, "0")}`;
}

/** `09:59:12.51 +02:14:55.1`. */
export function formatSexagesimal(ra: number, dec: number): string {
  return `${sixties((((ra % 360) + 360) % 360) / 15, 2)} ${dec < 0 ? "−" : "+"}${sixties(Math.abs(dec), 1)}`;
}

function sixties(value: number, digits: number): string {
  const scale = 10 ** digits;
  const units = Math.round(value * 3600 * scale); // rounded once, so that no field reads 60
  const seconds = ((units % (60 * scale)) / scale).toFixed(digits).padStart(digits + 3, "0");
  const minutes = Math.floor(units / (60 * scale));
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}

/** The magnitude, or that of the flux (AB: 31.4 at 1 nJy); a negative flux has none. */
export function magnitudeOf({
  magnitude,
  fluxNJy,
}: {
  readonly magnitude: number | null;
  readonly fluxNJy: number | null;
}): number | null {
  return magnitude ?? (fluxNJy !== null && fluxNJy > 0 ? 31.4 - 2.5 * Math.log10(fluxNJy) : null);
}

/** The magnitude, or the flux where it has none. */
export function formatBrightness(magnitude: number | null, fluxNJy: number | null): string {
  return (
    magnitudeOf({ magnitude, fluxNJy })?.toFixed(2) ??
    (fluxNJy === null ? NONE : `−${formatCount(-fluxNJy)} nJy`)
  );
}
