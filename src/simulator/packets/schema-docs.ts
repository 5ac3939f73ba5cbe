const table = `
schemavsn Version of the schema that this packet follows
publisher Who made this packet
objectId Name of the object: ZTF, the last two digits of a year, seven letters; the same in all alerts of a place on the sky
alert.candid Identifier of this alert: number of the image (pid), then six digits
candidate What was measured in this visit
prv_candidates Earlier visits to this place in the last 30 days: detections, and upper limits where nothing was found
fp_hists Forced photometry at this place in the visits of the last 30 days
cutoutScience Image of the visit, 63 x 63 pixels around the alert
cutoutTemplate Reference image of the same place
cutoutDifference Science minus reference image, or reference minus science where isdiffpos is f
fileName Name of the image file
stampData FITS image, compressed with gzip
jd Julian date (UTC) of the start of the exposure [days]
fid Filter: 1 is g, 2 is r, 3 is i
pid Identifier of the image: night, fraction of the day, readout channel and kind of the image
diffmaglim Magnitude at which a point source in the difference image would have a signal-to-noise ratio of 5 [mag, AB]
pdiffimfilename File name of the difference image (science minus reference)
programpi Who proposed the programme that took the image
programid Programme that took the image: 1 is public, 2 the partnership's, 3 Caltech's
candid Identifier of the detection: number of the image (pid), then six digits
prv_candidate.candid Identifier of the detection, that of the alert it was; null where nothing was detected
isdiffpos t where the source is brighter than on the reference image, f where it is fainter
tblid Number of the detection in the table of its image
nid Nights since 2017-01-01
rcid Readout channel: one of 64 quadrants of the camera, 0 to 63
field Number of the field on the sky that the telescope pointed at
xpos Position on the readout channel along its rows; 1.012 arcsec a pixel [pixels]
ypos Position on the readout channel along its columns; 1.012 arcsec a pixel [pixels]
ra Measured right ascension, ICRS [degrees]
dec Measured declination, ICRS [degrees]
magpsf Magnitude of the absolute difference flux, from a fit of the point-spread function [mag, AB]
sigmapsf Standard error of magpsf: 1.0857 divided by the signal-to-noise ratio [mag]
chipsf Reduced chi-square of the fit of the point-spread function
magap Magnitude of the difference flux in an aperture 14 pixels wide [mag, AB]
sigmagap Standard error of magap [mag]
distnr Separation from the nearest source in the catalogue of the reference image [pixels]
magnr Magnitude of the nearest source in the catalogue of the reference image, in this filter [mag, AB]
sigmagnr Standard error of magnr [mag]
chinr Goodness of the point-source fit (chi of DAOPHOT) of the nearest source on the reference image
sharpnr Sharpness (of DAOPHOT) of the nearest source on the reference image: 0 for a point, positive for a galaxy, negative for a cosmic ray
sky Background in the difference image around the source [DN]
magdiff magap minus magpsf [mag]
fwhm Full width at half maximum of the source, as SExtractor finds it, for a Gaussian core [pixels]
classtar How star-like the source is according to SExtractor, 0 to 1
mindtoedge Distance from the nearest edge of the readout channel [pixels]
magfromlim diffmaglim minus magap: how much brighter it is than the limit [mag]
seeratio Width of the point-spread function of the difference image over fwhm
aimage Root mean square extent of the source along its long axis, from SExtractor [pixels]
bimage Root mean square extent of the source along its short axis, from SExtractor [pixels]
aimagerat aimage over fwhm
bimagerat bimage over fwhm
elong aimage over bimage: 1 for a round source
nneg How many of the 5 x 5 pixels around the source are negative in the difference image
nbad How many of the 5 x 5 pixels around the source were flagged as bad beforehand
rb Score of a random forest for how likely it is a source and no artefact, 0 (artefact) to 1 (real)
ssdistnr Separation from the predicted place of the nearest known asteroid or comet, if within 30 arcsec, else -999 [arcsec]
ssmagnr Predicted magnitude (V, from the Minor Planet Center) of the nearest known asteroid or comet, if within 30 arcsec, else -999 [mag]
ssnamenr Designation of the nearest known asteroid or comet, if within 30 arcsec, else the word null
sumrat Sum of the 5 x 5 pixels around the source over the sum of their absolute values: 1 where none is negative
magapbig Magnitude of the difference flux in an aperture 18 pixels wide [mag, AB]
sigmagapbig Standard error of magapbig [mag]
ranr Right ascension of the nearest source in the catalogue of the reference image, ICRS [degrees]
decnr Declination of the nearest source in the catalogue of the reference image, ICRS [degrees]
ndethist How often something was detected at this place (within 1.5 arcsec) since the survey began, this detection included
ncovhist How many images of the survey so far contain this place
jdstarthist Julian date of the earliest detection that ndethist counts [days]
jdendhist Julian date of the latest detection that ndethist counts [days]
scorr Signal-to-noise ratio at the peak of the difference image after filtering with the point-spread function
tooflag 1 where the telescope was sent to a target of opportunity, else 0
nmtchps How many Pan-STARRS1 sources are within 30 arcsec
rfid Identifier of the reference image: field, filter and readout channel
jdstartref Julian date of the earliest exposure in the reference image [days]
jdendref Julian date of the latest exposure in the reference image [days]
nframesref How many exposures the reference image was made from
rbversion Version of the random forest that gave rb
dsnrms Difference image at the source over its standard deviation
ssnrms Difference image filtered with the point-spread function, at the source, over its standard deviation
dsdiff dsnrms minus ssnrms
magzpsci Zero point: magnitude of a source of 1 DN in this image [mag, AB]
magzpsciunc Standard error of magzpsci [mag]
magzpscirms Scatter of the stars that calibrated the image about the calibration [mag]
nmatches How many Pan-STARRS1 stars calibrated the image
clrcoeff Colour term of the calibration: magnitudes per magnitude of the colour (g - r; r - i for filter 3)
clrcounc Standard error of clrcoeff
zpclrcov Covariance of magzpsci and clrcoeff [mag^2]
zpmed Zero point from the median of the stars that calibrated the image, without colour term [mag, AB]
clrmed Median colour of the stars that calibrated the image: g - r, or r - i for filter 3 [mag]
clrrms Scatter of the colours of the stars that calibrated the image [mag]
neargaia Separation from the nearest Gaia source, if within 90 arcsec, else -999 [arcsec]
neargaiabright Separation from the nearest Gaia source brighter than 14 mag, if within 90 arcsec, else -999 [arcsec]
maggaia G magnitude of the nearest Gaia source, if within 90 arcsec, else -999 [mag]
maggaiabright G magnitude of the nearest Gaia source brighter than 14 mag, if within 90 arcsec, else -999 [mag]
exptime Exposure time [seconds]
drb Score of a neural network, from the cutouts, for how likely it is a source and no artefact, 0 (artefact) to 1 (real)
drbversion Version of the neural network that gave drb
sciinpseeing Full width at half maximum of point sources in the image [pixels]
scibckgnd Background of the image [DN]
scisigpix Standard deviation of the noise in a pixel of the image [DN]
adpctdif1 Scatter of the positions in the image about those of Gaia, along right ascension [arcsec]
adpctdif2 Scatter of the positions in the image about those of Gaia, along declination [arcsec]
forcediffimflux Difference flux at the object's place, from a fit of the point-spread function; -99999 where it failed [DN]
forcediffimfluxunc Standard error of forcediffimflux [DN]
procstatus Codes of what went wrong with the forced photometry: 0 for nothing, 61 where it could not be done
fp_hist.distnr Separation from the nearest source in the catalogue of the reference image [arcsec]
`;

/**
 * What the fields of a ZTF packet mean, for the schema's `doc`: by name, or by record and name
 * where the same name means something else.
 */
export const ztfDocs: ReadonlyMap<string, string> = new Map(
  lines().map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ")).trim()]),
);

function lines(): string[] {
  return [
    table,
    ...["nearest", "second nearest", "third nearest"].map((rank, i) => panStarrs(i + 1, rank)),
  ]
    .join("")
    .trim()
    .split("\n");
}

/** The three neighbours in Pan-STARRS1. */
function panStarrs(n: number, rank: string): string {
  return `objectidps${n} Identifier in the Pan-STARRS1 catalogue of the ${rank} source within 30 arcsec, else -999
sgmag${n} PSF magnitude in g of the ${rank} Pan-STARRS1 source within 30 arcsec, else -999 [mag]
srmag${n} PSF magnitude in r of the ${rank} Pan-STARRS1 source within 30 arcsec, else -999 [mag]
simag${n} PSF magnitude in i of the ${rank} Pan-STARRS1 source within 30 arcsec, else -999 [mag]
szmag${n} PSF magnitude in z of the ${rank} Pan-STARRS1 source within 30 arcsec, else -999 [mag]
sgscore${n} How star-like the ${rank} Pan-STARRS1 source is, 0 (galaxy) to 1 (star); -999 without a source
distpsnr${n} Separation of the alert from the ${rank} Pan-STARRS1 source, if within 30 arcsec [arcsec]
`;
}
