import { degreesOf, separation } from "../../sky/angle.ts";
import { airmassOf, altitudeOf } from "../../sky/sidereal.ts";
import { normalOf, uniformOf } from "../random.ts";
import type { Patch } from "./fields.ts";
import type { Band, Telescope } from "./telescope.ts";

/** Where the moon is and how much of it is lit (0 … 1). */
export interface Moon {
  readonly ra: number;
  readonly dec: number;
  readonly illuminated: number;
}

/**
 * Extinction in magnitudes an airmass (Ivezić et al. 2019, table 2), and how much of the moon's
 * light is in the band.
 */
const atmosphere: Readonly<
  Record<Band, { readonly extinction: number; readonly moonlight: number }>
> = {
  u: { extinction: 0.49, moonlight: 1.2 },
  g: { extinction: 0.21, moonlight: 1 },
  r: { extinction: 0.13, moonlight: 0.65 },
  i: { extinction: 0.1, moonlight: 0.45 },
  z: { extinction: 0.07, moonlight: 0.25 },
  y: { extinction: 0.17, moonlight: 0.1 },
};

interface Pointing {
  readonly field: Patch;
  readonly band: Band;
  readonly mjd: number;
  readonly moon: Moon;
}

/**
 * How deep an exposure is: the relation of Ivezić et al. 2019, eq. 6, with seeing ∝ airmass^0.6,
 * moonlight, and thin clouds now and then.
 */
export function conditionsOf(
  telescope: Telescope,
  seed: number,
  key: number,
  { field, band, mjd, moon }: Pointing,
) {
  const airmass = airmassOf(
    Math.max(15, altitudeOf(field.ra, field.dec, mjd, telescope.longitude, telescope.latitude)),
  );
  const { extinction, moonlight } = atmosphere[band];
  const seeingArcsec =
    telescope.seeingArcsec * airmass ** 0.6 * Math.exp(0.15 * normalOf(seed, key, 7));
  const clouds = Math.max(0, 0.25 * normalOf(seed, key, 8) - 0.2);
  const sky = airmass * (1 + moonlight * moonGlow(field, mjd, moon, telescope));
  const sharpness = 2.5 * Math.log10(telescope.seeingArcsec / seeingArcsec);
  const limit = telescope.bands[band]?.depth ?? 0;
  const depth =
    limit +
    sharpness -
    1.25 * Math.log10(sky) -
    extinction * (airmass - 1) -
    clouds +
    0.05 * (uniformOf(seed, key, 9) - 0.5);
  return { airmass, seeingArcsec, depth, sky };
}

/**
 * Sky brightness by the moon relative to the dark sky, in g: about 6 at full moon and 60° from it
 * (after Krisciunas & Schaefer 1991, PASP 103, 1033).
 */
function moonGlow(field: Patch, mjd: number, moon: Moon, telescope: Telescope): number {
  const altitude = altitudeOf(moon.ra, moon.dec, mjd, telescope.longitude, telescope.latitude);
  if (altitude < 0) return 0;
  const distance = Math.max(10, separation(field.ra, field.dec, moon.ra, moon.dec));
  const phase = degreesOf(Math.acos(2 * moon.illuminated - 1)); // 0° when full
  const brightness = 10 ** (-0.4 * (0.026 * phase + 4e-9 * phase ** 4));
  return (
    brightness *
    (3.5 + 25 * Math.exp(-distance / 18) + 2.5 * Math.cos((distance * Math.PI) / 180) ** 2) *
    Math.min(1, altitude / 30)
  );
}
