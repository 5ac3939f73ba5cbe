import type { Fields } from "../api/pages/types.ts";
import { unpackedDesignation } from "../sky/designation.ts";
import { Empty, Lines } from "./text.tsx";

interface Place {
  readonly catalogue: string;
  /**
   * A catalogue of the lake that may have answered: its columns tell the distance, and need no row
   * of their own.
   */
  readonly own?: string;
  /** Where its name stands. */
  readonly name: readonly string[];
  readonly distance?: string;
  /** Separation in arcsec unless this says pixels. */
  readonly unit?: string;
  readonly more?: readonly string[];
  readonly link?: (name: string) => string;
  /** How a name that is a number is written. */
  readonly isMagnitude?: boolean;
}

const simbadType = (type: string) =>
  `https://simbad.cds.unistra.fr/simbad/sim-display?data=otypes#${encodeURIComponent(type)}`;
const tnsObject = (name: string) =>
  `https://www.wis-tns.org/object/${encodeURIComponent(name.replace(/^(SN|AT)\s*/i, ""))}`;
const jpl = (name: string) =>
  `https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr=${encodeURIComponent(unpackedDesignation(name) ?? name)}`;
const gaia = (name: string) =>
  `https://vizier.cds.unistra.fr/viz-bin/VizieR-S?${encodeURIComponent(name)}`;

/** Where the surveys' packets and Fink's modules say what is known at the position. */
const places: readonly Place[] = [
  { catalogue: "SIMBAD", own: "simbad", name: ["cdsxmatch", "xm.simbad_otype"], link: simbadType },
  {
    catalogue: "TNS",
    own: "tns",
    name: ["tns", "xm.tns_fullname"],
    more: ["xm.tns_type", "xm.tns_redshift"],
    link: tnsObject,
  },
  {
    catalogue: "Gaia DR3",
    own: "gaia",
    name: ["DR3Name", "xm.gaiadr3_DR3Name"],
    more: ["Plx", "xm.gaiadr3_Plx", "gaiaClass"],
    link: gaia,
  },
  {
    catalogue: "Gaia (packet)",
    name: ["candidate.maggaia"],
    distance: "candidate.neargaia",
    isMagnitude: true,
  },
  {
    catalogue: "Pan-STARRS 1 (packet)",
    name: ["candidate.objectidps1"],
    distance: "candidate.distpsnr1",
    more: ["candidate.sgscore1"],
  },
  {
    catalogue: "Reference source (packet)",
    name: ["candidate.magnr"],
    distance: "candidate.distnr",
    unit: "pixels",
    isMagnitude: true,
  },
  {
    catalogue: "Solar system (packet)",
    name: ["candidate.ssnamenr", "MPCORB.mpcDesignation"],
    distance: "candidate.ssdistnr",
    more: ["candidate.ssmagnr"],
    link: jpl,
  },
  { catalogue: "VSX", own: "vsx", name: ["vsx", "xm.vsx_Type"] },
  { catalogue: "GCVS", own: "gcvs", name: ["gcvs", "xm.gcvs_type"] },
  { catalogue: "3HSP", own: "x3hsp", name: ["x3hsp", "xm.x3hsp_type"] },
  { catalogue: "4LAC", own: "x4lac", name: ["x4lac", "xm.x4lac_type"] },
  { catalogue: "SPICY", own: "spicy", name: ["spicy_class", "xm.spicy_class"], more: ["spicy_id"] },
  {
    catalogue: "Mangrove",
    own: "mangrove",
    name: ["mangrove.HyperLEDA_name", "mangrove.2MASS_name", "xm.mangrove_HyperLEDA_name"],
    more: ["mangrove.lum_dist", "xm.mangrove_lum_dist"],
  },
  { catalogue: "Legacy Surveys DR8", name: ["xm.legacydr8_zphot"], more: ["xm.legacydr8_pstar"] },
];

export interface CrossMatch {
  readonly catalogue: string;
  readonly name: string;
  readonly distance: string;
  readonly more: string;
  readonly link: string | null;
}

const nothing = new Set(["", "Unknown", "nan", "NaN", "null", "None", "-999", "Fail", "-99"]);

/**
 * What the fields of an alert say of known objects at its place; a user's catalogues are the
 * columns `catalogue_<name>.*`.
 */
export function crossMatches(fields: Fields): CrossMatch[] {
  const all = new Map(fields.map(([name, value]) => [name, value === null ? "" : text(value)]));
  const known = (path: string | undefined) => {
    const value = path === undefined ? "" : (all.get(path) ?? "");
    return nothing.has(value) ? "" : value;
  };
  const shipped = places.flatMap(
    ({
      catalogue,
      own,
      name,
      distance = `catalogue_${own}.separation_arcsec`,
      unit = "″",
      more = [],
      link,
      isMagnitude,
    }): CrossMatch[] => {
      const found = name.map(known).find((value) => value !== "");
      if (!found || Number(found) <= -99) return [];
      const apart = known(distance);
      const rest = more.flatMap((path) =>
        known(path) === "" ? [] : [`${path.slice(path.lastIndexOf(".") + 1)} ${known(path)}`],
      );
      return [
        {
          catalogue,
          name: isMagnitude ? `${Number(found).toFixed(2)} mag` : found,
          distance: apart === "" || Number(apart) < 0 ? "" : `${Number(apart).toFixed(2)} ${unit}`,
          more: rest.join(", "),
          link: link ? link(found) : null,
        },
      ];
    },
  );
  const told = new Set(
    shipped.map(({ catalogue }) => places.find((place) => place.catalogue === catalogue)?.own),
  );
  return [...shipped, ...ownCatalogues(all).filter(({ catalogue }) => !told.has(catalogue))];
}

function ownCatalogues(all: ReadonlyMap<string, string>): CrossMatch[] {
  const names = new Set(
    [...all.keys()].flatMap((path) => /^catalogue_([^.]+)\./.exec(path)?.[1] ?? []),
  );
  return [...names].flatMap((name) => {
    const columns = [...all]
      .filter(([path, value]) => path.startsWith(`catalogue_${name}.`) && value !== "")
      .map(([path, value]) => [path.slice(path.indexOf(".") + 1), value] as const);
    const distance = columns.find(([column]) => column === "separation_arcsec")?.[1];
    if (distance === undefined) return [];
    const rest = columns
      .filter(([column]) => column !== "separation_arcsec")
      .map(([column, value]) => `${column} ${value}`);
    return [
      {
        catalogue: name,
        name: rest[0] ?? "",
        distance: `${Number(distance).toFixed(2)} ″`,
        more: rest.slice(1).join(", "),
        link: null,
      },
    ];
  });
}

function text(value: string | number | boolean): string {
  return typeof value === "number" && !Number.isInteger(value)
    ? String(Number(value.toPrecision(5)))
    : String(value);
}

export function CrossMatches({ fields }: { fields: Fields }) {
  const found = crossMatches(fields);
  if (found.length === 0)
    return <Empty>No catalogue that was looked into knows anything at this position.</Empty>;
  return (
    <Lines
      head={["Catalogue", "Match", "+Distance", "More"]}
      rows={found.map(({ catalogue, name, distance, more, link }) => [
        catalogue,
        link ? <Out href={link}>{name}</Out> : name,
        distance,
        more,
      ])}
    />
  );
}

/** A link to somewhere else. */
export function Out({ href, children }: { href: string; children: string }) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

/** Pages of others about a position. */
export function Elsewhere({ ra, dec }: { ra: number; dec: number }) {
  const at = `${ra.toFixed(6)}${dec < 0 ? "" : "+"}${dec.toFixed(6)}`;
  const spaced = encodeURIComponent(`${ra.toFixed(6)} ${dec < 0 ? "" : "+"}${dec.toFixed(6)}`);
  return (
    <p class="links">
      Elsewhere:{" "}
      <Out
        href={`https://simbad.cds.unistra.fr/simbad/sim-coo?Coord=${spaced}&Radius=10&Radius.unit=arcsec`}
      >
        SIMBAD
      </Out>{" "}
      <Out
        href={`https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&ra=${ra}d&dec=${dec}d&radius=0.5&in_csys=Equatorial`}
      >
        NED
      </Out>{" "}
      <Out href={`https://www.wis-tns.org/search?ra=${ra}&decl=${dec}&radius=5&coords_unit=arcsec`}>
        TNS
      </Out>{" "}
      <Out href={`https://vizier.cds.unistra.fr/viz-bin/VizieR-4?-c=${spaced}&-c.rs=5`}>VizieR</Out>{" "}
      <Out
        href={`https://aladin.cds.unistra.fr/AladinLite/?target=${encodeURIComponent(at)}&fov=0.05`}
      >
        Aladin
      </Out>{" "}
      <Out href={`https://www.legacysurvey.org/viewer?ra=${ra}&dec=${dec}&layer=ls-dr10&zoom=15`}>
        Legacy Surveys
      </Out>{" "}
      <Out href={`https://ps1images.stsci.edu/cgi-bin/ps1cutouts?pos=${spaced}`}>Pan-STARRS</Out>
    </p>
  );
}
