// LSST 9.0 (lsst/alert_packet); how to read it: schemas.ts.

const eachBand = (line: (band: string) => string): string => [..."ugrizy"].map(line).join("\n");

export const lsstTable = `
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
