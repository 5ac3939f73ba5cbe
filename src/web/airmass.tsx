import { useMemo, useState } from "preact/hooks";
import { separation } from "../sky/angle.ts";
import { airmassOf, altitudeOf } from "../sky/sidereal.ts";
import { darkTime, moonPosition, sunPosition } from "../sky/sun-moon.ts";
import { mjdOfMs } from "../sky/time.ts";
import { formatMjd } from "./format.ts";
import { Choice } from "./light-curve.tsx";
import { Plot } from "./plot.tsx";

/** Degrees, east and north. */
const sites = {
  palomar: { name: "Palomar (ZTF)", longitude: -116.863, latitude: 33.356 },
  rubin: { name: "Cerro Pachón (Rubin)", longitude: -70.749, latitude: -30.245 },
  paranal: { name: "Paranal", longitude: -70.404, latitude: -24.627 },
  maunakea: { name: "Maunakea", longitude: -155.472, latitude: 19.826 },
  lapalma: { name: "La Palma", longitude: -17.885, latitude: 28.761 },
  provence: { name: "Haute-Provence", longitude: 5.713, latitude: 43.931 },
} as const;
type Site = keyof typeof sites;

const STEP = 5 / 1440;

/** How high a position stands tonight. */
export function Airmass({ ra, dec, survey }: { ra: number; dec: number; survey: string }) {
  const [site, setSite] = useState<Site>(
    () =>
      (localStorage.getItem("site") as Site | null) ?? (survey === "lsst" ? "rubin" : "palomar"),
  );
  const place = sites[site] ?? sites.palomar;
  const tonight = useMemo(() => night(ra, dec, place.longitude, place.latitude), [ra, dec, place]);
  const choose = (value: string) => {
    localStorage.setItem("site", value);
    setSite(value as Site);
  };
  return (
    <>
      <div class="controls">
        <Choice
          label="From"
          value={site}
          options={Object.entries(sites).map(([key, s]) => [key, s.name])}
          onChange={choose}
        />
      </div>
      <p>{tonight.words}</p>
      <Plot
        title={`Altitude tonight from ${place.name}. ${tonight.words}`}
        file={`altitude-${site}`}
        height={230}
        x={{
          label: "UTC; grey: the Sun is less than 18° below the horizon",
          scale: { from: tonight.from, to: tonight.to },
          isTime: true,
          text: (mjd) => formatMjd(mjd + 1e-6).slice(11, 16),
        }}
        y={{
          label: "Altitude (°)",
          step: 30,
          scale: { from: 0, to: 95 },
          otherText: (altitude) =>
            altitude > 0 ? `airmass ${airmassOf(altitude).toFixed(2)}` : "",
        }}
        spans={tonight.twilight}
        lines={[
          { name: "moon", points: tonight.moon },
          { name: "target", points: tonight.target },
        ]}
      />
      <p class="legend">
        <span class="key target" /> object <span class="key moon" /> Moon
      </p>
    </>
  );
}

/** From noon to noon of the place, around the next midnight that matters now. */
function night(
  ra: number,
  dec: number,
  longitude: number,
  latitude: number,
  now = mjdOfMs(Date.now()),
) {
  const midnight = Math.ceil(now + longitude / 360 - 0.5) - longitude / 360;
  const dark = darkTime(longitude, latitude, midnight);
  const [from, to] = dark
    ? [dark.start - 2 / 24, dark.end + 2 / 24]
    : [midnight - 0.3, midnight + 0.3];
  const times = Array.from(
    { length: Math.round((to - from) / STEP) + 1 },
    (_, i) => from + i * STEP,
  );
  const target = times.map((t) => [t, altitudeOf(ra, dec, t, longitude, latitude)] as const);
  const moon = times.map((t) => {
    const m = moonPosition(t);
    return [t, altitudeOf(m.ra, m.dec, t, longitude, latitude)] as const;
  });
  const twilight = dark
    ? [
        { from, to: dark.start, name: "twilight" },
        { from: dark.end, to, name: "twilight" },
      ]
    : [{ from, to, name: "twilight" }];
  return { from, to, target, moon, twilight, words: inWords(ra, dec, target, dark, midnight) };
}

function inWords(
  ra: number,
  dec: number,
  target: readonly (readonly [number, number])[],
  dark: ReturnType<typeof darkTime>,
  midnight: number,
): string {
  const moon = moonPosition(midnight);
  const moonWords = `The Moon is ${Math.round(moon.illuminated * 100)} % lit, ${Math.round(separation(ra, dec, moon.ra, moon.dec))}° away.`;
  if (!dark) {
    const sun = sunPosition(midnight);
    return `The Sun does not go 18° below the horizon (it is at declination ${sun.dec.toFixed(0)}°). ${moonWords}`;
  }
  const usable = target.filter(([t, altitude]) => t >= dark.start && t <= dark.end && altitude > 0);
  if (usable.length === 0) return `Not above the horizon while it is dark. ${moonWords}`;
  const [time, altitude] = usable.reduce((a, b) => (b[1] > a[1] ? b : a));
  const good = usable.filter(([, a]) => airmassOf(a) <= 2);
  const hour = (t: number) => formatMjd(t).slice(11, 16);
  const span =
    good.length === 0
      ? "never below airmass 2"
      : `airmass 2 or less from ${hour(good[0][0])} to ${hour(good[good.length - 1][0])}`;
  return `Night of ${formatMjd(dark.start).slice(0, 10)}: best at ${hour(time)} UTC, airmass ${airmassOf(altitude).toFixed(2)}; ${span}. ${moonWords}`;
}
