import type { FitsHeader } from "../sky/fits.ts";

/** How the pixels of an image lie on the sky. */
export interface SkyFrame {
  /**
   * Column-major 2 × 2 matrix from (column, row) steps to steps on a screen with north up and east
   * left; keeps the area.
   */
  readonly toScreen: readonly [number, number, number, number];
  /** The alert's position, in (column, row) from the corner of the first pixel. */
  readonly centre: readonly [number, number];
  /** Null when the image does not say. */
  readonly arcsecPerPixel: number | null;
}

/**
 * From the header's linear WCS (FITS standard, section 8: PCi_j × CDELTi, or CDi_j), right
 * ascension being axis 1; LSST puts the alert at the reference pixel. Images without one are taken
 * as ZTF's are: first row north, first column east, the alert in the middle.
 */
export function skyFrame(width: number, height: number, header: FitsHeader): SkyFrame {
  const number = (keyword: string) => {
    const value = header.get(keyword);
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  };
  const element = (i: 1 | 2, j: 1 | 2) => {
    const pc = number(`PC${i}_${j}`) ?? (i === j ? 1 : 0);
    return number(`CD${i}_${j}`) ?? pc * (number(`CDELT${i}`) ?? 0);
  };
  const x = number("CRPIX1");
  const y = number("CRPIX2");
  const degreesPerPixel = Math.sqrt(
    Math.abs(element(1, 1) * element(2, 2) - element(1, 2) * element(2, 1)),
  );
  if (x === null || y === null || degreesPerPixel === 0)
    return {
      toScreen: [1, 0, 0, 1],
      centre: [width / 2, height / 2],
      arcsecPerPixel: isOfZtf(width, height) ? ztfArcsecPerPixel : null,
    };
  const step = (i: 1 | 2, j: 1 | 2) => -element(i, j) / degreesPerPixel;
  return {
    toScreen: [step(1, 1), step(2, 1), step(1, 2), step(2, 2)],
    centre: [x - 0.5, y - 0.5], // FITS counts pixel centres from 1
    arcsecPerPixel: degreesPerPixel * 3600,
  };
}

/** ZTF's cutouts are 63 pixels wide and have no WCS; Bellm et al. 2019, PASP 131, 018002. */
const ztfArcsecPerPixel = 1.012;

function isOfZtf(width: number, height: number): boolean {
  return width === 63 && height === 63;
}

/**
 * A round length that fits into a third of the image: 1, 2 or 5 times a power of ten, in arcsec.
 */
export function scaleBarArcsec(imageArcsec: number): number {
  const most = imageArcsec / 3;
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((n) => n * power).find((n) => n <= most) ?? power;
}
