import type { FilterFunction } from "../../src/filters/filter.ts";
import { deviationBetween, medianBetween } from "../../src/science/modules/sigma-clip.ts";
import { readStamp } from "../../src/science/modules/stamp.ts";

export const faintTrails: FilterFunction = {
  description:
    "Faint trails: 18 to 21 mag, longer than 2″, of good quality, and more than twice as long as wide in the science image.",
  origin: "fink-filters, rubin/livestream/filter_faint_trails",
  where: `good_quality(diaSource) AND mag_ab(diaSource.psfFlux) > 18 AND mag_ab(diaSource.psfFlux) < 21
    AND diaSource.trailLength > 2 AND diaSource.trailFlux > 0 AND NOT isnan(diaSource.trailLength) AND NOT isnan(diaSource.trailFlux)`,
  needs: ["cutoutScience"],
  select(alerts) {
    return Uint8Array.from({ length: alerts.count }, (_, i) => {
      const image = alerts.bytes("cutoutScience", i);
      const stamp = image && readStamp(image);
      return Number(!!stamp && elongation(stamp.pixels) > 2);
    });
  },
};

/**
 * Length by width of what is three standard deviations (from the median of absolute deviations)
 * above the median of a square image; NaN of fewer than 5 pixels.
 */
export function elongation(image: Float64Array): number {
  const pixels = image.map((pixel) => (Number.isNaN(pixel) ? 0 : pixel));
  const middle = medianOf(pixels);
  const spread = medianOf(pixels.map((pixel) => Math.abs(pixel - middle)));
  const threshold =
    middle + 3 * (spread > 0 ? 1.4826 * spread : deviationBetween(pixels, 0, pixels.length));
  const bright = Array.from(pixels.keys()).filter((p) => pixels[p] > threshold);
  if (bright.length < 5) return Number.NaN;
  const width = Math.sqrt(pixels.length);
  const total = bright.reduce((sum, p) => sum + pixels[p], 0);
  const mean = (of: (p: number) => number) =>
    bright.reduce((sum, p) => sum + pixels[p] * of(p), 0) / total;
  const [column, row] = [(p: number) => p % width, (p: number) => Math.floor(p / width)];
  const [x, y] = [mean(column), mean(row)];
  const [xx, yy, xy] = [
    mean((p) => (column(p) - x) ** 2),
    mean((p) => (row(p) - y) ** 2),
    mean((p) => (column(p) - x) * (row(p) - y)),
  ];
  const half = Math.hypot((xx - yy) / 2, xy); // of the difference of the eigenvalues
  const [longest, shortest] = [(xx + yy) / 2 + half, (xx + yy) / 2 - half];
  return shortest > 0 ? Math.sqrt(longest / shortest) : Number.NaN;
}

function medianOf(values: Float64Array): number {
  return medianBetween(values.toSorted(), 0, values.length);
}
