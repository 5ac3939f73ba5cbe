import type { SurveyName } from "./telescope.ts";

// Names, order and types of the fields as ZTF 4.02 and LSST 9.0 publish them. A record's name stands alone on its line;
// an indented line is `type field field …`. `?`: null or, `[]`: array of.

const ztfExposure = `  double jd
  int fid
  long pid
  float? diffmaglim
  string? pdiffimfilename programpi
  int programid`;

const ztfShape = `  float? chipsf magap sigmagap distnr magnr sigmagnr chinr sharpnr sky magdiff fwhm classtar mindtoedge magfromlim
  float? seeratio aimage bimage aimagerat bimagerat elong
  int? nneg nbad
  float? rb ssdistnr ssmagnr
  string? ssnamenr
  float? sumrat magapbig sigmagapbig`;

const ztf = `
alert
  string schemavsn publisher objectId
  long candid
  candidate candidate
  prv_candidate[]? prv_candidates
  fp_hist[]? fp_hists
  cutout? cutoutScience cutoutTemplate cutoutDifference
candidate
${ztfExposure}
  long candid
  string isdiffpos
  long? tblid
  int? nid rcid field
  float? xpos ypos
  double ra dec
  float magpsf sigmapsf
${ztfShape}
  double ranr decnr
  float? sgmag1 srmag1 simag1 szmag1 sgscore1 distpsnr1
  int ndethist ncovhist
  double? jdstarthist jdendhist scorr
  int? tooflag
  long? objectidps1 objectidps2
  float? sgmag2 srmag2 simag2 szmag2 sgscore2 distpsnr2
  long? objectidps3
  float? sgmag3 srmag3 simag3 szmag3 sgscore3 distpsnr3
  int nmtchps
  long rfid
  double jdstartref jdendref
  int nframesref
  string rbversion
  float? dsnrms ssnrms dsdiff magzpsci magzpsciunc magzpscirms
  int nmatches
  float? clrcoeff clrcounc zpclrcov zpmed clrmed clrrms neargaia neargaiabright maggaia maggaiabright exptime drb
  string drbversion
prv_candidate
${ztfExposure}
  long? candid
  string? isdiffpos
  long? tblid
  int? nid rcid field
  float? xpos ypos
  double? ra dec
  float? magpsf sigmapsf
${ztfShape}
  double? ranr decnr scorr
  float? magzpsci magzpsciunc magzpscirms clrcoeff clrcounc
  string rbversion
fp_hist
  int? field rcid
  int fid
  long pid rfid
  float? sciinpseeing scibckgnd scisigpix magzpsci magzpsciunc magzpscirms clrcoeff clrcounc exptime adpctdif1 adpctdif2
  float? diffmaglim
  int programid
  double jd
  float? forcediffimflux forcediffimfluxunc
  string? procstatus
  float? distnr
  double ranr decnr
  float? magnr sigmagnr chinr sharpnr
cutout
  string fileName
  bytes stampData
`;

const eachBand = (line: (band: string) => string): string => [..."ugrizy"].map(line).join("\n");

const lsst = `
alert
  long diaSourceId
  string? observation_reason target_name
  diaSource diaSource
  diaSource[]? prvDiaSources
  diaForcedSource[]? prvDiaForcedSources
  diaObject? diaObject
  ssSource? ssSource
  MPCORB? MPCORB
  bytes? cutoutDifference cutoutScience cutoutTemplate
diaSource
  long diaSourceId visit
  int detector
  long? diaObjectId ssObjectId parentDiaSourceId
  double midpointMjdTai ra
  float? raErr
  double dec
  float? decErr ra_dec_Cov
  float x
  float? xErr
  float y
  float? yErr
  boolean? centroid_flag
  float? apFlux apFluxErr
  boolean? apFlux_flag apFlux_flag_apertureTruncated isNegative
  float? snr psfFlux psfFluxErr psfLnL psfChi2
  int? psfNdata
  boolean? psfFlux_flag psfFlux_flag_edge psfFlux_flag_noGoodPixels
  float? trailFlux trailFluxErr
  double? trailRa
  float? trailRaErr
  double? trailDec
  float? trailDecErr trailLength trailLengthErr trailAngle trailAngleErr trailChi2
  int? trailNdata
  boolean? trail_flag_edge
  float? dipoleMeanFlux dipoleMeanFluxErr dipoleFluxDiff dipoleFluxDiffErr dipoleLength dipoleAngle dipoleChi2
  int? dipoleNdata
  float? scienceFlux scienceFluxErr
  boolean? forced_PsfFlux_flag forced_PsfFlux_flag_edge forced_PsfFlux_flag_noGoodPixels
  float? templateFlux templateFluxErr ixx iyy ixy ixxPSF iyyPSF ixyPSF
  boolean? shape_flag shape_flag_no_pixels shape_flag_not_contained shape_flag_parent_source
  float? extendedness reliability
  string? band
  boolean? isDipole dipoleFitAttempted
  double timeProcessedMjdTai
  double? timeWithdrawnMjdTai
  int? bboxSize
  boolean? pixelFlags pixelFlags_bad pixelFlags_cr pixelFlags_crCenter pixelFlags_edge pixelFlags_nodata
  boolean? pixelFlags_nodataCenter pixelFlags_interpolated pixelFlags_interpolatedCenter pixelFlags_offimage
  boolean? pixelFlags_saturated pixelFlags_saturatedCenter pixelFlags_suspect pixelFlags_suspectCenter pixelFlags_streak
  boolean? pixelFlags_streakCenter pixelFlags_injected pixelFlags_injectedCenter pixelFlags_injected_template
  boolean? pixelFlags_injected_templateCenter glint_trail
diaForcedSource
  long diaForcedSourceId diaObjectId
  double ra dec
  long visit
  int detector
  float? psfFlux psfFluxErr
  double midpointMjdTai
  float? scienceFlux scienceFluxErr
  string? band
  double timeProcessedMjdTai
  double? timeWithdrawnMjdTai
diaObject
  long diaObjectId
  double validityStartMjdTai ra
  float? raErr
  double dec
  float? decErr ra_dec_Cov
${eachBand((b) => `  float? ${b}_psfFluxMean ${b}_psfFluxMeanErr ${b}_psfFluxSigma\n  int? ${b}_psfFluxNdata\n  float? ${b}_fpFluxMean ${b}_fpFluxMeanErr`)}
${eachBand((b) => `  float? ${b}_scienceFluxMean ${b}_scienceFluxMeanErr`)}
${eachBand((b) => `  float? ${b}_psfFluxMin ${b}_psfFluxMax ${b}_psfFluxMaxSlope ${b}_psfFluxErrMean`)}
  double? firstDiaSourceMjdTai lastDiaSourceMjdTai
  int nDiaSources
ssSource
  long? ssObjectId diaSourceId
  double? eclipticLambda eclipticBeta galacticL galacticB
  float? phaseAngle heliocentricDist topocentricDist predictedVMagnitude
  double? residualRa residualDec
  float? heliocentricX heliocentricY heliocentricZ heliocentricVX heliocentricVY heliocentricVZ
  float? topocentricX topocentricY topocentricZ topocentricVX topocentricVY topocentricVZ
MPCORB
  string? mpcDesignation
  long? ssObjectId
  float? mpcH
  double? epoch M peri node incl e a q t_p
`;

/** The schema of a survey's packets: JSON text, and its id in Confluent wire format (LSST: 100 · major + minor). */
export function schemaFor(survey: SurveyName): { readonly id: number; readonly text: string } {
  return schemas[survey];
}

const schemas = {
  ztf: { id: 402, text: schemaText(ztf, (name) => (name === "alert" ? "ztf.alert" : `ztf.alert.${name}`)) },
  lsst: { id: 900, text: schemaText(lsst, (name) => `lsst.v9_0.${name}`) },
};

type Json = string | Json[] | { readonly [key: string]: Json | null };

function schemaText(table: string, fullName: (name: string) => string): string {
  const records = parseTable(table);
  const defined = new Set<string>();
  const typeOf = (type: string): Json => {
    if (type.endsWith("?")) return ["null", typeOf(type.slice(0, -1))];
    if (type.endsWith("[]")) return { type: "array", items: typeOf(type.slice(0, -2)) };
    const lines = records.get(type);
    if (!lines) return type;
    if (defined.has(type)) return fullName(type);
    defined.add(type);
    const fields = lines.flatMap(([fieldType, ...names]) => names.map((name) => fieldOf(name, fieldType)));
    return { type: "record", name: fullName(type), fields };
  };
  const fieldOf = (name: string, type: string): Json => ({ name, type: typeOf(type), ...(type.endsWith("?") && { default: null }) });
  return JSON.stringify(typeOf("alert"));
}

/** The lines of each record, as words. */
function parseTable(table: string): Map<string, string[][]> {
  const records = new Map<string, string[][]>();
  let lines: string[][] = [];
  for (const line of table.trim().split("\n")) {
    if (line.startsWith(" ")) lines.push(line.trim().split(" "));
    else records.set(line, (lines = []));
  }
  return records;
}
