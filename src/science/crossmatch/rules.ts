import type { AddedColumn } from "../module.ts";
import { type CrossMatch, type Field, type MatchColumn, same, text } from "./rule.ts";

/** As fink-science writes it for an alert without a source, in a batch where others have one. */
const nan = "nan";

/** One field as text; `none`: what ZTF has where there is no source. */
function both(
  field: string,
  [ztf, lsst]: readonly [string, string],
  description: string,
  none: string,
): CrossMatch["columns"] {
  return {
    ztf: [same(field, text(ztf, `${description}; ${none}: none`), none)],
    lsst: [same(field, text(lsst, `${description}; null: none`))],
  };
}

const simbad: CrossMatch = {
  name: "simbad",
  title: "SIMBAD",
  radiusArcsec: 1,
  fields: ["main_type", "otype"],
  add: null,
  table: "simbad",
  columns: {
    ztf: [
      same(
        "main_type",
        text(
          "cdsxmatch",
          "type of the nearest object of SIMBAD within 1″, in its long names; Unknown: none",
        ),
        "Unknown",
      ),
    ],
    lsst: [
      same(
        "otype",
        text("xm.simbad_otype", "type of the nearest object of SIMBAD within 1″; null: none"),
      ),
    ],
  },
};

const parallax = (name: string, of: string): AddedColumn => ({
  name,
  type: "float",
  unit: "mas",
  description: `${of} of that source`,
});

function varFlag(name: string): MatchColumn {
  const description = "1 where Gaia calls that source variable, else 0";
  return {
    name,
    type: "int",
    unit: null,
    description,
    value: (field) => Number(field("VarFlag") === "VARIABLE"),
    none: 0,
  };
}

const gaia: CrossMatch = {
  name: "gaia",
  title: "Gaia DR3",
  radiusArcsec: 1,
  fields: ["DR3Name", "Plx", "e_Plx", "VarFlag"],
  add: null,
  table: "vizier:I/355/gaiadr3",
  columns: {
    ztf: [
      same("DR3Name", text("DR3Name", "nearest source of Gaia DR3 within 1″; nan: none"), nan),
      same("Plx", parallax("Plx", "parallax")),
      same("e_Plx", parallax("e_Plx", "error of the parallax")),
      varFlag("gaiaVarFlag"),
    ],
    lsst: [
      same(
        "DR3Name",
        text("xm.gaiadr3_DR3Name", "nearest source of Gaia DR3 within 1″; null: none"),
      ),
      same("Plx", parallax("xm.gaiadr3_Plx", "parallax")),
      same("e_Plx", parallax("xm.gaiadr3_e_Plx", "error of the parallax")),
      varFlag("xm.gaiadr3_VarFlag"),
    ],
  },
};

const gaiaVariables: CrossMatch = {
  name: "gaiavar",
  title: "Gaia DR3 variables",
  radiusArcsec: 1,
  fields: ["Class"],
  add: null,
  table: "vizier:I/358/vclassre",
  columns: {
    ztf: [
      same(
        "Class",
        text(
          "gaiaClass",
          "class of the nearest classified variable of Gaia DR3 within 1″; nan: none",
        ),
        nan,
      ),
    ],
  },
};

const legacySurvey: CrossMatch = {
  name: "legacy",
  title: "Legacy Survey DR8, south",
  radiusArcsec: 1.5,
  fields: ["zphot", "e_zphot", "pstar", "fqual"],
  add: null,
  table: "vizier:VII/292/south",
  columns: {
    lsst: [
      same("zphot", {
        name: "xm.legacydr8_zphot",
        type: "float",
        unit: null,
        description: "photometric redshift of the nearest galaxy within 1.5″",
      }),
      same("e_zphot", {
        name: "xm.legacydr8_e_zphot",
        type: "float",
        unit: null,
        description: "error of zphot",
      }),
      same("pstar", {
        name: "xm.legacydr8_pstar",
        type: "float",
        unit: null,
        description: "probability of that source to be a star",
      }),
      same("fqual", {
        name: "xm.legacydr8_fqual",
        type: "int",
        unit: null,
        description: "1: zphot is to be trusted",
      }),
    ],
  },
};

const vsx: CrossMatch = {
  name: "vsx",
  title: "International Variable Star Index",
  radiusArcsec: 1.5,
  fields: ["Type"],
  add: "vsx.parquet --ra RAdeg --dec DEdeg",
  table: "vizier:B/vsx/vsx",
  columns: both(
    "Type",
    ["vsx", "xm.vsx_Type"],
    "type of the nearest variable of VSX within 1.5″",
    nan,
  ),
};

const spicy: CrossMatch = {
  name: "spicy",
  title: "SPICY young stellar objects",
  radiusArcsec: 1.2,
  fields: ["SPICY", "class"],
  optional: ["SPICY"],
  add: "spicy.parquet --ra RAdeg --dec DEdeg",
  table: "vizier:J/ApJS/254/33/table1",
  columns: {
    ztf: [
      same(
        "SPICY",
        {
          name: "spicy_id",
          type: "int",
          unit: null,
          description: "number of the nearest young star of SPICY within 1.2″; -1: none",
        },
        -1,
      ),
      same(
        "class",
        text("spicy_class", "its class: FS, ClassI, ClassII, ClassIII; Unknown: none"),
        "Unknown",
      ),
    ],
    lsst: [
      same(
        "class",
        text("xm.spicy_class", "class of the nearest young star of SPICY within 1.2″; null: none"),
      ),
    ],
  },
};

/**
 * A catalogue of the lake with labels in one column: Unknown for ZTF and null for LSST where there
 * is none.
 */
function labelled(
  name: string,
  title: string,
  radiusArcsec: number,
  field: string,
  add: string,
): CrossMatch {
  const columns = both(
    field,
    [name, `xm.${name}_type`],
    `${field} of the nearest source of ${title} within ${radiusArcsec}″`,
    "Unknown",
  );
  return { name, title, radiusArcsec, fields: [field], add, table: null, columns };
}

const gcvs = labelled(
  "gcvs",
  "General Catalogue of Variable Stars",
  1.5,
  "VarType",
  "gcvs.parquet --ra ra --dec dec",
);
const x3hsp = labelled(
  "x3hsp",
  "3HSP blazars",
  60,
  "3HSP Source name",
  "3hsp.csv --ra R.A. --dec Dec",
);
const x4lac = labelled(
  "x4lac",
  "4LAC active galaxies",
  60,
  "Source_Name",
  "table-4LAC-DR3-h.fits table-4LAC-DR3-l.fits --ra RAJ2000 --dec DEJ2000",
);

function mangroveColumns(prefix: string, type: AddedColumn["type"]): MatchColumn[] {
  const nameOf = (field: string) => (of: Field) => bare(of(field) as string | null);
  const distance = (name: string, description: string) =>
    same(name, { name: `${prefix}${name}`, type, unit: "Mpc", description });
  return [
    {
      ...text(`${prefix}HyperLEDA_name`, "nearest galaxy of Mangrove within 1′: name in HyperLEDA"),
      value: nameOf("HyperLEDA_name"),
      none: null,
    },
    {
      ...text(`${prefix}2MASS_name`, "its name in 2MASS"),
      value: nameOf("2MASS_name"),
      none: null,
    },
    distance("lum_dist", "its luminosity distance"),
    distance("ang_dist", "its angular diameter distance"),
  ];
}

/** The catalogue's CSV has names as Python writes bytes: b'NGC5055'. */
function bare(name: string | null): string | null {
  const inner = name === null ? null : (/^b'(.*)'$/.exec(name)?.[1] ?? name);
  return inner === "None" || inner === "" ? null : inner;
}

const mangrove: CrossMatch = {
  name: "mangrove",
  title: "Mangrove galaxies",
  radiusArcsec: 60,
  fields: ["HyperLEDA_name", "2MASS_name", "lum_dist", "ang_dist"],
  add: "mangrove.parquet --ra ra --dec dec",
  table: null,
  columns: {
    ztf: mangroveColumns("mangrove.", "double"),
    lsst: mangroveColumns("xm.mangrove_", "float"),
  },
};

const tns: CrossMatch = {
  name: "tns",
  title: "Transient Name Server",
  radiusArcsec: 1.5,
  fields: ["name_prefix", "name", "type", "redshift"],
  add: "tns_public_objects.csv --ra ra --dec declination",
  table: null,
  ignores: { ztf: (field) => field("type") === null }, // what is not classified yet
  columns: {
    ztf: [
      same(
        "type",
        text("tns", "type of the nearest classified transient of TNS within 1.5″; empty: none"),
        "",
      ),
    ],
    lsst: [
      {
        ...text(
          "xm.tns_fullname",
          "nearest transient of TNS within 1.5″, such as SN 2026abc; null: none",
        ),
        value: (field) =>
          [field("name_prefix"), field("name")].filter((part) => part !== null).join(" "),
        none: null,
      },
      same("type", text("xm.tns_type", "its type, where it is classified")),
      same("redshift", {
        name: "xm.tns_redshift",
        type: "float",
        unit: null,
        description: "its redshift",
      }),
    ],
  },
};

/** What Fink looks up for each alert: radii and columns of fink_broker's apply_all_xmatch. */
export const crossMatches: readonly CrossMatch[] = [
  simbad,
  gaia,
  gaiaVariables,
  vsx,
  spicy,
  legacySurvey,
  gcvs,
  x3hsp,
  x4lac,
  mangrove,
  tns,
];
