import type { AlertTruth, ObjectTruth } from "../night/batch.ts";
import type { Columns, RowOf } from "./columns.ts";

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

/** `truth.parquet`: an object each. Meaning and units: `ObjectTruth`, `HostTruth` and `AsteroidTruth` in night/batch.ts. */
export const objectColumns = {
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
  host_ra: "double",
  host_dec: "double",
  host_redshift: "double",
  host_magnitude: "double",
  host_radiusArcsec: "double",
  asteroid_number: "integer",
  asteroid_designation: "string",
  asteroid_h: "double",
  asteroid_g: "double",
  asteroid_a: "double",
  asteroid_e: "double",
  asteroid_inclination: "double",
  asteroid_node: "double",
  asteroid_perihelion: "double",
  asteroid_meanAnomaly: "double",
  asteroid_epoch: "double",
} as const satisfies Columns;

export function objectRow({ host, asteroid, ...object }: ObjectTruth): RowOf<typeof objectColumns> {
  return {
    ...object,
    host_ra: host?.ra ?? null,
    host_dec: host?.dec ?? null,
    host_redshift: host?.redshift ?? null,
    host_magnitude: host?.magnitude ?? null,
    host_radiusArcsec: host?.radiusArcsec ?? null,
    asteroid_number: asteroid?.number ?? null,
    asteroid_designation: asteroid?.designation ?? null,
    asteroid_h: asteroid?.h ?? null,
    asteroid_g: asteroid?.g ?? null,
    asteroid_a: asteroid?.a ?? null,
    asteroid_e: asteroid?.e ?? null,
    asteroid_inclination: asteroid?.inclination ?? null,
    asteroid_node: asteroid?.node ?? null,
    asteroid_perihelion: asteroid?.perihelion ?? null,
    asteroid_meanAnomaly: asteroid?.meanAnomaly ?? null,
    asteroid_epoch: asteroid?.epoch ?? null,
  };
}
