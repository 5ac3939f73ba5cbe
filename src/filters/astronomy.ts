import { entry, type FilterFunctionEntry } from "./function-entry.ts";

// Direction of the north galactic pole and longitude of the celestial pole, J2000, degrees, as
// astropy has them (from the IAU definition of 1958, by way of FK5, from which the ICRS differs by
// 0.03″)
const [poleRa, poleDec, celestialPoleL] = [192.8594812065348, 27.12825118085622, 122.9319185680026];
/** Mean obliquity of the ecliptic at J2000, degrees (IAU 2006). */
const obliquity = 84381.406 / 3600;

const galactic = "IAU 1958; pole at J2000 as in astropy's Galactic";
const ecliptic = "IAU 2006: mean ecliptic and equinox of J2000, obliquity 84381.406″";

/** Functions of ours, in terms of the others. */
export const astronomy: readonly FilterFunctionEntry[] = [
  entry("mag_ab(flux)", "AB magnitude of a flux in nJy; null for 0 and below", {
    unit: "mag",
    source: "Oke & Gunn 1983; 1 nJy is 31.4 mag",
    formula: "31.4 - 2.5 * log10(flux)",
  }),
  entry("flux_njy(magnitude)", "Flux of an AB magnitude", {
    unit: "nJy",
    source: "Oke & Gunn 1983; 1 nJy is 31.4 mag",
    formula: "power(10.0, 0.4 * (31.4 - magnitude))",
  }),
  entry("separation_arcsec(ra1, dec1, ra2, dec2)", "Angle between two places, given in degrees", {
    unit: "arcsec",
    source: "haversine formula, exact for small angles",
    formula:
      "3600.0 * degrees(2.0 * asin(sqrt(power(sin(radians(dec2 - dec1) / 2.0), 2.0) + cos(radians(dec1)) * cos(radians(dec2)) * power(sin(radians(ra2 - ra1) / 2.0), 2.0))))",
  }),
  entry(
    "in_cone(ra, dec, ra0, dec0, radius)",
    "Whether a place is within the radius, in arcsec, of another; places in degrees",
    {
      formula: "separation_arcsec(ra, dec, ra0, dec0) < radius",
    },
  ),
  entry("galactic_l(ra, dec)", "Galactic longitude of a place at J2000, 0 to 360", {
    unit: "deg",
    source: galactic,
    formula: `(${celestialPoleL} - degrees(atan2(cos(radians(dec)) * sin(radians(ra - ${poleRa})), sin(radians(dec)) * cos(radians(${poleDec})) - cos(radians(dec)) * sin(radians(${poleDec})) * cos(radians(ra - ${poleRa})))) + 360.0) % 360.0`,
  }),
  entry("galactic_b(ra, dec)", "Galactic latitude of a place at J2000", {
    unit: "deg",
    source: galactic,
    formula: `degrees(asin(sin(radians(dec)) * sin(radians(${poleDec})) + cos(radians(dec)) * cos(radians(${poleDec})) * cos(radians(ra - ${poleRa}))))`,
  }),
  entry("ecliptic_lon(ra, dec)", "Ecliptic longitude of a place, 0 to 360", {
    unit: "deg",
    source: ecliptic,
    formula: `(degrees(atan2(cos(radians(dec)) * sin(radians(ra)) * cos(radians(${obliquity})) + sin(radians(dec)) * sin(radians(${obliquity})), cos(radians(dec)) * cos(radians(ra)))) + 360.0) % 360.0`,
  }),
  entry("ecliptic_lat(ra, dec)", "Ecliptic latitude of a place", {
    unit: "deg",
    source: ecliptic,
    formula: `degrees(asin(sin(radians(dec)) * cos(radians(${obliquity})) - cos(radians(dec)) * sin(radians(${obliquity})) * sin(radians(ra))))`,
  }),
  entry(
    "days_since(time)",
    "Days from a time to the alert's own, both in the survey's scale (JD for ZTF, MJD for LSST)",
    { unit: "d" },
  ),
  entry(
    "absolute_mag(magnitude, distance_mpc)",
    "Absolute magnitude at a luminosity distance in Mpc, without extinction",
    {
      unit: "mag",
      source: "distance modulus 5 log10(d / 10 pc)",
      formula: "magnitude - 5.0 * log10(distance_mpc * 100000.0)",
    },
  ),
];
