import { type CatalogueInfo, cataloguesIn } from "../../lake/catalogues.ts";
import { jdMinusMjd } from "../../sky/time.ts";
import type { Survey } from "../../surveys/definition.ts";
import type { AddedColumn, Alerts, ScienceModule, Values } from "../module.ts";
import { catalogueNamed } from "./catalogue.ts";
import { type KeptColumn, keptAt, type KeptValue } from "./kept-column.ts";
import { catalogueInMemory } from "./load.ts";
import { nearestWithin, type Positions } from "./match.ts";

/**
 * A module for each catalogue of the lake and each survey with positions:
 * `catalogue_<name>.<column>` of the source nearest to the alert.
 */
export function catalogueModules(lake: string, surveys: readonly Survey[]): ScienceModule[] {
  const infos = cataloguesIn(lake);
  return surveys.flatMap((survey) =>
    survey.position ? infos.map((info) => catalogueModule(lake, info, survey)) : [],
  );
}

function catalogueModule(lake: string, info: CatalogueInfo, survey: Survey): ScienceModule {
  let current = info;
  const structure = `catalogue_${info.name}`;
  const separation = `${structure}.separation_arcsec`;
  const names = columnNames(info.keep);
  const time = info.epochYear === null ? undefined : survey.time;
  // of a survey that names several columns for a thing, the first is that of its current packets
  const [ra, dec] = [survey.position!.ra[0], survey.position!.dec[0]];
  return {
    name: `${structure}_${survey.name}`,
    version: "1",
    surveys: [survey.name],
    about: `The source of the catalogue ${info.name} nearest to the alert, nearer than ${info.radiusArcsec}″; null: none.`,
    needs: [ra, dec, ...(time ? [time.field[0]] : [])],
    adds: [
      ...info.keep.map((kept, i): AddedColumn => ({
        name: `${structure}.${names[i]}`,
        type: info.types[i],
        unit: null,
        description: `${kept} of the catalogue`,
      })),
      { name: separation, type: "double", unit: "arcsec", description: "how far it is" },
    ],
    get catalogues() {
      return [`${info.name}@${current.edition}`];
    },
    async run(alerts) {
      current = catalogueNamed(lake, info.name);
      const catalogue = await catalogueInMemory(lake, current);
      const positions = {
        ra: alerts.numbers(ra),
        dec: alerts.numbers(dec),
        ...(time && { year: yearsOf(alerts, time) }),
      };
      const { rows, separationsArcsec } = nearestWithin(catalogue, positions, info.radiusArcsec);
      const missing = Uint8Array.from(rows, (row) => Number(row < 0));
      const kept = info.keep.map(
        (name, i) =>
          [
            `${structure}.${names[i]}`,
            keptValues(info.types[i], catalogue.kept[name], rows),
          ] as const,
      );
      return { ...Object.fromEntries(kept), [separation]: { values: separationsArcsec, missing } };
    },
  };
}

function keptValues(type: AddedColumn["type"], column: KeptColumn, rows: Int32Array): Values {
  return valuesOf(
    type,
    Array.from(rows, (row) => (row < 0 ? null : keptAt(column, row))),
  );
}

const arrays = { int: Int32Array, float: Float32Array, double: Float64Array };

/** Values as a column of that type has them. */
export function valuesOf(type: AddedColumn["type"], values: readonly KeptValue[]): Values {
  if (type === "string")
    return { values: values.map((value) => (value === null ? null : String(value))) };
  const missing = Uint8Array.from(values, (value) => Number(value === null));
  if (type === "long")
    return { values: BigInt64Array.from(values, (value) => BigInt(value ?? 0)), missing };
  return { values: arrays[type as keyof typeof arrays].from(values.map(Number)), missing };
}

/** Letters, digits and _ only, as columns of modules are named, each once. */
function columnNames(kept: readonly string[]): string[] {
  const taken = new Set(["separation_arcsec"]);
  return kept.map((name) => {
    const plain = name.trim().replace(/[^A-Za-z0-9_]+/g, "_");
    let unique = plain;
    for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${plain}_${n}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}

/** J2000.0 */
const mjdOfYear2000 = 51544.5;

function yearsOf(alerts: Alerts, { field, scale }: NonNullable<Survey["time"]>): Positions["year"] {
  const toMjd = scale === "jd" ? jdMinusMjd : 0;
  return alerts.numbers(field[0]).map((days) => 2000 + (days - toMjd - mjdOfYear2000) / 365.25);
}
