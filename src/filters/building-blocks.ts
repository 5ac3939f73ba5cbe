import { entry, type FilterFunctionEntry } from "./function-entry.ts";

const simbad =
  "labels of SIMBAD in the taxonomies before and after 2021, as fink_utils.xmatch.simbad lists them";

/** Classes of SIMBAD that may be the host of a transient, or say nothing against one. */
const hosts = [
  "galaxy Galaxy EmG Seyfert Seyfert_1 Seyfert_2 BlueCompG StarburstG LSB_G HII_G High_z_G LINER IG PartofG GravLens_Candidate".split(
    " ",
  ),
  "GinPair GinGroup GinCl BClG PairG GroupG Compact_Gr_G ClG Possible_ClG SuperClG Possible_SClG Void".split(
    " ",
  ),
  ["SN", "Candidate_SN*", "SN*_Candidate", "Transient", "Unknown", "Fail", "Fail 504"],
].flat();

/** Types of stars in the International Variable Star Index, as fink_utils.xmatch.vsx lists them. */
const stars = (
  "* ACEP ACEP(B) ACEPS CEP DCEP DCEP(B) DCEP-FO DCEP-FU DCEPS DCEPS(B) CW CW-FO CW-FU CWA CWB CWB(B) CWBS RR RRAB RRC RRD RV RVA RVB DSCT DSCTC DSCTr " +
  "HADS HADS(B) SXPHE SXPHE(B) GDOR BCEP BCEPS SPB SPBe ACYG M SR SRA SRB SRC SRD SRS L LB LC I IA IB IS ISA ISB IN INA INAT INB INS INSA INSB INST INT " +
  "TTS TTS/ROT CTTS CTTS/ROT WTTS WTTS/ROT EXOR FUOR GCAS BE SDOR UV UVN WR FF V838MON N NA NB NC NR NL NL/VY UG UGSS UGSU UGER UGWZ UGZ UGZ/IW ZAND CV AM " +
  "DQ DQ/AE CBSS CBSS/V IBWD E E-DO EA EB EC ED ELL EP ESD EW DPV HB R RS BY FKCOM ACV SXARI SXARI/E LERI roAp roAm ROT X HMXB IMXB LMXB PSR WDP ZZ " +
  "ZZ/GWLIB ZZA ZZA/O ZZB ZZLep ZZO V361HYA V1093HER DWLYN BLAP FSCMa cPNB[e] RCB DYPer BXCIR PVTEL PVTELI PVTELII PVTELIII YHG PPN ORG UXOR VBD APER CST " +
  "MISC LPV NSIN PER PULS S SIN Transient VAR YSO non-cv"
).split(" ");

const inList = (value: string, names: readonly string[]) =>
  `${value} in (${names.map((name) => `'${name}'`).join(", ")})`;

/** What catalogues say of an alert's place. */
export const classes: readonly FilterFunctionEntry[] = [
  entry(
    "simbad_host(label)",
    "Whether a transient may be there: SIMBAD has a galaxy, cluster or supernova, or it knows nothing, or did not answer",
    {
      source: simbad,
      formula: inList("label", hosts),
    },
  ),
  entry(
    "simbad_known(label)",
    "Whether SIMBAD has an object that explains an alert: anything but Galaxy …, Transient, Unknown and Fail …",
    {
      source: simbad,
      formula:
        "label not in ('Unknown', 'Transient') and not startswith(label, 'Fail') and not startswith(label, 'Galaxy')",
    },
  ),
  entry("simbad_unknown(label)", "Whether SIMBAD knows nothing there, or did not answer", {
    source: simbad,
    formula: "coalesce(label, 'Unknown') in ('Unknown', 'Fail', 'Fail 504')",
  }),
  entry(
    "vsx_star(type)",
    "Whether a type of the variable star index is that of a star; false without one",
    {
      source: "types of VSX (AAVSO) as fink_utils.xmatch.vsx lists them",
      formula: `coalesce(${inList("type", [...stars, "NSIN ELL"])}, false)`,
    },
  ),
];

/** Nodes and weights of Gauss and Legendre on 0 … 1: good to 10⁻⁴ mag up to z = 3. */
const quadrature = [
  [0.8611363115940526, 0.3478548451374538],
  [0.3399810435848563, 0.6521451548625461],
].flatMap(([node, weight]) =>
  [-1, 1].map((sign) => [((1 + sign * node) / 2).toFixed(15), (weight / 2).toFixed(15)]),
);
const comoving = quadrature
  .map(([node, weight]) => `${weight} * power(0.3 * power(1 + z * ${node}, 3) + 0.7, -0.5)`)
  .join(" + ");

/**
 * Precession from J2000 and sidereal time as in src/sky/sidereal.ts; TAI is 37 s ahead of UTC since
 * 2017.
 */
const centuries = "((mjd_tai - 37 / 86400 - 51544.5) / 36525)";
const [toNode, tilt] = [`radians(0.640616 * ${centuries})`, `radians(0.556753 * ${centuries})`];
const fromNode = `(radians(ra) + ${toNode})`;
const meridian = `(radians((280.46061837 + 360.98564736629 * 36525 * ${centuries} + longitude) % 360) - ${toNode})`;
const altitudeSine =
  `sin(radians(latitude)) * (sin(${tilt}) * cos(radians(dec)) * cos(${fromNode}) + cos(${tilt}) * sin(radians(dec)))` +
  ` + cos(radians(latitude)) * ((cos(${tilt}) * cos(radians(dec)) * cos(${fromNode}) - sin(${tilt}) * sin(radians(dec))) * cos(${meridian})` +
  ` + cos(radians(dec)) * sin(${fromNode}) * sin(${meridian}))`;

/** What filters of both surveys measure. */
export const measures: readonly FilterFunctionEntry[] = [
  entry(
    "distance_modulus(z)",
    "Apparent minus absolute magnitude at a redshift, without K-correction; null for 0 and below",
    {
      unit: "mag",
      source:
        "flat universe with H0 = 70 km/s/Mpc and a matter density of 0.3; Hogg 1999, arXiv:astro-ph/9905116",
      formula: `25 + 5 * log10(${(299792.458 / 70).toFixed(9)} * (1 + z) * z * (${comoving}))`,
    },
  ),
  entry(
    "airmass(ra, dec, mjd_tai, longitude, latitude)",
    "1 / sine of the altitude at a place on the Earth, east positive, in degrees; negative below the horizon, without refraction",
    {
      source: "Meeus 1998, Astronomical Algorithms, eqs. 12.4 and 21.4",
      formula: `1 / (${altitudeSine})`,
    },
  ),
];

const bands = ["u", "g", "r", "i", "z", "y"];
const inBand = (field: string) =>
  `case band ${bands.map((band) => `when '${band}' then object.${band}_${field}`).join(" ")} end`;

/** Flags of a diaSource of which one is enough for it to be of no good quality. */
const rubinFlags = (
  "isDipole pixelFlags pixelFlags_bad pixelFlags_saturated pixelFlags_streakCenter pixelFlags_interpolated pixelFlags_cr pixelFlags_nodata pixelFlags_streak " +
  "pixelFlags_edge psfFlux_flag apFlux_flag forced_PsfFlux_flag forced_PsfFlux_flag_edge shape_flag centroid_flag"
).split(" ");

const rubin = "fink-filters, rubin/blocks.py";

/** What several of Rubin's filters ask. */
export const rubinBlocks: readonly FilterFunctionEntry[] = [
  entry(
    "good_quality(source)",
    "Whether a diaSource has none of 16 flags and a positive flux of six times its error or more: good_quality(diaSource)",
    {
      source: rubin,
      formula: `not (${rubinFlags.map((flag) => `source.${flag}`).join(" or ")}) and source.psfFlux >= 0 and cast(source.psfFlux / source.psfFluxErr as float) >= 6`,
    },
  ),
  entry(
    "gaia_star(xm)",
    "Whether Gaia DR3 has a star there, with a parallax of more than five times its error: gaia_star(xm)",
    {
      source: rubin,
      formula:
        "coalesce(xm.gaiadr3_DR3Name not in ('Unknown', 'Fail', 'Fail 504') and cast(xm.gaiadr3_Plx / xm.gaiadr3_e_Plx as float) > 5 and not isnan(xm.gaiadr3_Plx / xm.gaiadr3_e_Plx), false)",
    },
  ),
  entry(
    "near_galaxy(xm)",
    "Whether there may be a host galaxy: simbad_host, or a galaxy of Mangrove, or of the Legacy Survey where SIMBAD knows nothing else: near_galaxy(xm)",
    {
      source: rubin,
      formula:
        "coalesce(simbad_host(xm.simbad_otype), false) or coalesce(xm.mangrove_lum_dist > 0 and not isnan(xm.mangrove_lum_dist), false) " +
        "or simbad_unknown(xm.simbad_otype) and coalesce(xm.legacydr8_zphot > 0 and not isnan(xm.legacydr8_zphot), false)",
    },
  ),
  entry(
    "psf_flux_mean(object, band)",
    "Mean flux of the detections of a diaObject in a band: psf_flux_mean(diaObject, diaSource.band)",
    {
      unit: "nJy",
      formula: inBand("psfFluxMean"),
    },
  ),
  entry("psf_flux_mean_error(object, band)", "Its error", {
    unit: "nJy",
    formula: inBand("psfFluxMeanErr"),
  }),
  entry("psf_flux_ndata(object, band)", "Number of detections of a diaObject in a band", {
    formula: inBand("psfFluxNdata"),
  }),
  entry(
    "peak_psf_flux(object)",
    "Largest flux of a diaObject in any band: peak_psf_flux(diaObject)",
    {
      unit: "nJy",
      formula: `greatest(${bands.map((band) => `object.${band}_psfFluxMax`).join(", ")})`,
    },
  ),
];
