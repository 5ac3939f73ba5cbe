import type { HistorySummary } from "./transient-history.ts";
import { above, and, atMost, below, equal, not, or, type Truth } from "./truth.ts";

export const transientFields = (
  "jd jdstarthist fid magpsf rb drb ndethist magnr distnr neargaia maggaia neargaiabright maggaiabright sgmag1 srmag1 simag1 szmag1 " +
  "sgscore1 sgscore2 sgscore3 distpsnr1 distpsnr2 distpsnr3 srmag2 srmag3"
).split(" ");

/** Fields of `candidate`, by name; distances in arc seconds. */
export type TransientFields = Readonly<Record<string, Float64Array>>;

const { abs, fround } = Math;

export function isReal(f: TransientFields, i: number): Truth {
  const [rb, drb, neargaia, maggaia] = [f.rb[i], f.drb[i], abs(f.neargaia[i]), abs(f.maggaia[i])];
  const psDistance = distance(f.distpsnr1[i]);
  const isStar = above(f.sgscore1[i], 0.49);
  const old = above(f.jd[i] - f.jdstarthist[i], 90);
  const psMag = firstKnownMag(f, i);
  const isBrighterThan = (redMag: number, zMag: number) =>
    or(
      below(abs(f.srmag1[i]), redMag),
      below(abs(f.simag1[i]), redMag),
      below(abs(f.szmag1[i]), zMag),
    );
  const isBogus = or(
    atMost(rb, 0.2),
    and(below(rb, 0.35), below(neargaia, 1), below(maggaia, 17)),
    and(below(rb, 0.35), below(psDistance, 1), isStar, isBrighterThan(17, 16.5)),
    and(below(rb, 0.45), below(neargaia, 1.5), below(maggaia, 15.5)),
    and(below(rb, 0.45), below(psDistance, 1.5), isStar, isBrighterThan(15.5, 15)),
    below(drb, 0.8),
    and(below(drb, 0.9), below(psDistance, 3), below(psMag, 16), old),
    and(below(drb, 0.9), below(psDistance, 1.1), below(psMag, 18), old),
    and(below(drb, 0.95), below(psDistance, 1.5), below(psMag, 15.5), old),
    and(below(drb, 0.95), below(psDistance, 0.8), below(psMag, 17.5), old),
  );
  return not(isBogus);
}

export function isPointUnderneath(f: TransientFields, i: number): Truth {
  const psDistance = distance(f.distpsnr1[i]);
  const red = f.srmag1[i];
  const isRedderThan = (mag: number) =>
    and(above(red, 0), above(mag, 0), above(fround(red - mag), 3));
  return or(
    and(above(f.sgscore1[i], 0.76), below(psDistance, 2.5)),
    and(
      above(f.sgscore1[i], 0.2),
      below(psDistance, 1),
      or(isRedderThan(f.szmag1[i]), isRedderThan(f.simag1[i])),
    ),
  );
}

export function isBrightStar(f: TransientFields, i: number): Truth {
  const isStar = (score: number, starDistance: number, mag: number, within: number) =>
    and(below(distance(starDistance), within), below(abs(mag), 14), above(score, 0.9));
  return or(
    and(below(abs(f.neargaiabright[i]), 20), below(abs(f.maggaiabright[i]), 12)),
    isStar(f.sgscore1[i], f.distpsnr1[i], f.srmag1[i], 20),
    isStar(f.sgscore2[i], f.distpsnr2[i], f.srmag2[i], 20),
    isStar(f.sgscore3[i], f.distpsnr3[i], f.srmag3[i], 20),
    isStar(f.sgscore1[i], f.distpsnr1[i], f.simag1[i], 20),
    isStar(f.sgscore1[i], f.distpsnr1[i], f.szmag1[i], 10),
  );
}

export function isVariableSource(f: TransientFields, history: HistorySummary, i: number): Truth {
  const [mag, magnr, neargaia, maggaia] = [f.magpsf[i], f.magnr[i], f.neargaia[i], f.maggaia[i]];
  const age = f.jd[i] - f.jdstarthist[i];
  const old = above(age, 90);
  const psDistance = distance(f.distpsnr1[i]);
  const refDistance = distance(f.distnr[i]);
  const peakMag = history.peakMag[i];
  const isReferenceNear = (within: number, brighterThan: number) =>
    and(below(refDistance, within), below(magnr, brighterThan));
  const passesWanted = age > 360 ? 1 : age > 90 ? 2 : 3;
  const isNewPeak = and(atMost(mag, peakMag), below(mag, 18.5));
  return or(
    and(
      and(
        old,
        above(f.ndethist[i], 30),
        Number(history.passes[i] >= passesWanted),
        above(magnr, 0),
        not(isNewPeak),
      ),
      or(isReferenceNear(0.4, 19.5), isReferenceNear(0.8, 17.5), isReferenceNear(1.2, 15.5)),
    ),
    and(
      and(above(maggaia, 0), above(neargaia, 0)),
      or(
        and(below(neargaia, 0.35), below(maggaia, 17), above(age, 30)),
        and(below(neargaia, 0.35), below(maggaia, 19), above(age, 300), above(mag, 18.5)),
        and(below(neargaia, 0.2), below(maggaia, 18), old),
      ),
    ),
    and(above(f.sgscore1[i], 0.25), below(psDistance, 3), old, below(brightestMag(f, i), 16)),
    and(equal(f.sgscore1[i], 0.5), below(psDistance, 0.5), old, below(brightestMag(f, i), 17)),
    and(
      above(magnr, 0),
      below(magnr, fround(mag - 1)),
      old,
      below(refDistance, 0.5),
      above(mag, peakMag),
    ),
    above(f.ndethist[i], 200),
  );
}

/** ZTF writes -999 where there is no neighbour. */
function distance(arcsec: number): number {
  return arcsec < 0 ? 99 : arcsec;
}

/** The Pan-STARRS magnitude in r, else i, else g; 99: none. */
function firstKnownMag(f: TransientFields, i: number): number {
  for (const mag of [f.srmag1[i], f.simag1[i], f.sgmag1[i]]) if (mag > 0 && mag < 30) return mag;
  return 99;
}

function brightestMag(f: TransientFields, i: number): number {
  return [f.srmag1[i], f.simag1[i], f.sgmag1[i], f.szmag1[i]].reduce(
    (least, mag) => (mag > 0 && mag < least ? mag : least),
    99,
  );
}
