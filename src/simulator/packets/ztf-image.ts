import { nightOfMjd } from "../../sky/time.ts";
import { kept } from "../../kept.ts";
import { abFlux } from "../photometry.ts";
import { randomStream } from "../random.ts";
import type { Visit } from "../survey/schedule.ts";
import { telescopes } from "../survey/telescope.ts";
import { imageIdOf, jdOf, nightIdOf } from "./ztf-identity.ts";

const { pixelArcsec, exposureSeconds, seeingArcsec, bands } = telescopes.ztf;

/**
 * By filter: ZTF's number, zero point under a clear sky and colour term (Masci et al. 2019, PASP
 * 131, 018003, section 3.5).
 */
const filters: Readonly<
  Record<
    string,
    {
      readonly fid: number;
      readonly zeroPoint: number;
      readonly clrcoeff: number;
      readonly clrmed: number;
    }
  >
> = {
  g: { fid: 1, zeroPoint: 26.33, clrcoeff: -0.05, clrmed: 0.65 },
  r: { fid: 2, zeroPoint: 26.28, clrcoeff: 0.1, clrmed: 0.65 },
  i: { fid: 3, zeroPoint: 25.65, clrcoeff: -0.01, clrmed: 0.3 },
};
/**
 * DN of sky for the variance that a pixel has: not all of the 6.2 electrons per DN, for pixels are
 * read and resampled.
 */
const skyPerVariance = 3.5;

/**
 * What one readout channel recorded in a visit, by the names of the packet: an upper limit of the
 * history is just this.
 */
export type ZtfImage = ReturnType<typeof describe>;

/** The alerts of a visit, and their histories, share few images. */
const images = new Map<Visit, ZtfImage[]>();
const keptVisits = 500;

export function imageOf(visit: Visit, rcid: number): ZtfImage {
  if (images.size >= keptVisits && !images.has(visit)) images.clear();
  return (kept(images, visit, () => [])[rcid] ??= describe(visit, rcid));
}

function describe(visit: Visit, rcid: number) {
  const { mjd, band, depth, field } = visit;
  const random = randomStream(visit.key, rcid);
  const { fid, zeroPoint, clrcoeff, clrmed } = filters[band];
  const jd = jdOf(mjd);
  const magzpsci = zeroPoint - dimming(visit) + 0.03 * random.normal();
  const dnPerNJy = 10 ** (0.4 * (magzpsci - 31.4));
  const sciinpseeing = visit.seeingArcsec / pixelArcsec;
  // a Gaussian point source gathers the noise of 4 π σ² pixels (King 1983, PASP 95, 163);
  // subtraction and correlated pixels double it (real alerts: 2.1)
  const scisigpix =
    (dnPerNJy * abFlux(depth)) / 5 / 2.1 / Math.sqrt(4 * Math.PI) / (sciinpseeing / 2.355);
  return {
    jd,
    fid,
    pid: imageIdOf(jd, rcid),
    nid: nightIdOf(jd),
    rcid,
    field: field.number,
    rfid: field.number * 1_000_000 + 120_000 + fid * 100 + rcid,
    diffmaglim: depth,
    pdiffimfilename: fileNameOf(visit, rcid),
    programpi: "Simulated",
    programid: 1,
    magzpsci,
    magzpsciunc: 1e-5 * random.between(0.6, 2),
    magzpscirms: random.between(0.02, 0.05),
    clrcoeff: clrcoeff + 0.015 * random.normal(),
    clrcounc: 1e-5 * random.between(0.8, 3),
    zpclrcov: -1e-5 * random.between(0.5, 3),
    zpmed: magzpsci + 0.05 * random.normal(),
    clrmed: clrmed + 0.08 * random.normal(),
    clrrms: random.between(0.15, 0.33),
    nmatches: Math.round(250 + 2000 * Math.exp(-Math.abs(field.b) / 25) + 40 * random.normal()),
    rbversion: "t17_f5_c3",
    sciinpseeing,
    scibckgnd: skyPerVariance * scisigpix ** 2,
    scisigpix,
    exptime: exposureSeconds,
    adpctdif1: random.between(0.065, 0.11),
    adpctdif2: random.between(0.065, 0.11),
    /** Not in the packet. */
    dnPerNJy,
  };
}

/**
 * Magnitudes by which air and clouds dim the stars: what seeing and sky do not explain of the
 * depth.
 */
function dimming({ band, depth, sky, seeingArcsec: seeing }: Visit): number {
  const clear =
    (bands[band]?.depth ?? depth) -
    2.5 * Math.log10(seeing / seeingArcsec) -
    1.25 * Math.log10(sky);
  return Math.max(0, clear - depth);
}

/** ztf_YYYYMMDD, fraction of the day, field, filter, CCD and quadrant. */
function fileNameOf({ mjd, band, field }: Visit, rcid: number): string {
  const time = String(Math.floor((mjd % 1) * 1e6)).padStart(6, "0");
  const ccd = String((rcid >> 2) + 1).padStart(2, "0");
  return `ztf_${nightOfMjd(mjd)}${time}_${String(field.number).padStart(6, "0")}_z${band}_c${ccd}_o_q${(rcid & 3) + 1}_scimrefdiffimg.fits`;
}
