import type { AlertTruth, ObjectTruth } from "../night/batch.ts";
import type { Columns, Row } from "./columns.ts";

/** `truth_alerts.parquet`: an alert each. */
export const alertColumns = {
  alertId: "long", // candid or diaSourceId
  objectId: "string",
  class: "string",
  mjd: "double", // start of the exposure, UTC
  band: "string",
  flux: "double", // difference, without noise, nJy
  fluxErr: "double", // nJy, as measured
  snr: "double", // as measured
  ra: "double", // ICRS, degrees, without the scatter of the measurement
  dec: "double",
} as const satisfies Columns & Record<keyof AlertTruth, string>;

const hostColumns: Columns = {
  ra: "double",
  dec: "double",
  redshift: "double",
  magnitude: "double",
  radiusArcsec: "double",
};
const orbitColumns: Columns = {
  a: "double",
  e: "double",
  inclination: "double",
  node: "double",
  perihelion: "double",
  meanAnomaly: "double",
  epoch: "double",
};
const asteroidColumns: Columns = {
  number: "integer",
  designation: "string",
  h: "double",
  g: "double",
  ...orbitColumns,
};

/**
 * `truth.parquet`: an object each. Meaning and units: `ObjectTruth`, `HostTruth` and
 * `AsteroidTruth` in night/batch.ts.
 */
export const objectColumns: Columns = {
  objectId: "string",
  class: "string",
  ra: "double",
  dec: "double",
  redshift: "double",
  distancePc: "double",
  peakMjd: "double",
  magnitude: "double",
  referenceMagnitude: "double",
  extinctionV: "double",
  parameters: "map",
  ...prefixed("host", hostColumns, (name) => hostColumns[name]),
  ...prefixed("asteroid", asteroidColumns, (name) => asteroidColumns[name]),
};

export function objectRow({ host, asteroid, ...object }: ObjectTruth): Row {
  const valuesOf = (part: object | null) => (name: string) => (part as Row | null)?.[name] ?? null;
  return {
    ...object,
    ...prefixed("host", hostColumns, valuesOf(host)),
    ...prefixed("asteroid", asteroidColumns, valuesOf(asteroid)),
  };
}

function prefixed<T>(
  prefix: string,
  columns: Columns,
  of: (name: string) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.keys(columns).map((name) => [`${prefix}_${name}`, of(name)]));
}
