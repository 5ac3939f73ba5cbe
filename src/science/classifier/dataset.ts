import type { SimulationOptions } from "../../simulator/night/batch.ts";
import { simulate } from "../../simulator/night/simulate.ts";
import { schemaFor } from "../../simulator/packets/schemas.ts";
import { alertsOf } from "../alerts.ts";
import { decoded } from "../sample.ts";
import { earlyAlerts, featureNames } from "./features.ts";

/** Early alerts with what they are. */
export interface Dataset {
  readonly count: number;
  /** A row of features each. */
  readonly rows: Float32Array;
  readonly classes: readonly string[];
  readonly objects: readonly string[];
  /**
   * How many alerts of the sky one of these stands for: less than 1 where its class was made more
   * frequent.
   */
  readonly weights: Float64Array;
  /** All alerts that were made, early or not. */
  readonly made: number;
}

export const supernovae: readonly string[] = [
  "type_ia",
  "type_ibc",
  "type_ii",
  "type_iin",
  "superluminous",
];

/**
 * Of a night's alerts few are early: what gives such alerts is made more frequent and what does not
 * rarer, or left out where it gives none at all (what is seen once). Weights undo it.
 */
const rates: Readonly<Record<string, number>> = {
  ...Object.fromEntries(supernovae.map((name) => [name, 5])),
  ...Object.fromEntries(
    ["tidal_disruption", "kilonova", "dwarf_nova", "flare_star", "microlensing"].map((name) => [
      name,
      4,
    ]),
  ),
  ...Object.fromEntries(
    ["main_belt", "trojan", "near_earth", "bad_subtraction", "dipole", "cosmic_ray", "streak"].map(
      (name) => [name, 0],
    ),
  ),
  eclipsing_binary: 0.03,
  long_period: 0.03,
  rr_lyrae: 0.1,
  cepheid: 0.1,
  young_star: 0.3,
};

const schema = "4.02";

export interface DatasetOptions extends Pick<SimulationOptions, "nights" | "alerts" | "seed"> {
  readonly workers: number;
}

/**
 * Nights of the synthetic sky of ZTF: the same for the same options, whatever the number of
 * workers.
 */
export async function simulatedDataset({
  nights,
  alerts,
  seed,
  workers,
}: DatasetOptions): Promise<Dataset> {
  const parts: { rows: Float32Array; classes: string[]; objects: string[] }[] = [];
  let made = 0;
  for await (const batch of simulate(
    { survey: "ztf", schema, nights, alerts, seed, rates },
    { workers },
  )) {
    made += batch.ends.length;
    const early = earlyAlerts(alertsOf([decoded([batch], schemaFor("ztf", schema).text)]));
    parts.push({
      rows: early.rows,
      classes: early.alerts.map((i) => batch.truth[i].class),
      objects: early.alerts.map((i) => batch.truth[i].objectId),
    });
  }
  const classes = parts.flatMap((part) => part.classes);
  const rows = new Float32Array(classes.length * featureNames.length);
  parts.reduce((at, part) => (rows.set(part.rows, at), at + part.rows.length), 0);
  const weights = Float64Array.from(classes, (name) => 1 / (rates[name] ?? 1));
  return {
    count: classes.length,
    rows,
    classes,
    objects: parts.flatMap((part) => part.objects),
    weights,
    made,
  };
}
