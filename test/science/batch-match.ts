import {
  allWithin,
  type Positions,
  type Radius,
  type Sources,
} from "../../src/science/catalogue/match.ts";

/**
 * The rule of fink-science's cross_match_astropy, by row of the source, -1: none. Each source takes
 * the nearest position of the batch, if that is within the radius; a position that was taken is
 * given the source nearest to it, within any source's radius. So of several alerts at one place
 * only one matches.
 */
export function batchMatch(sources: Sources, positions: Positions, radius: Radius): Int32Array {
  const largest =
    typeof radius === "number"
      ? radius
      : radius.reduce((most, one) => (one > most ? one : most), 0);
  const { offsets, rows, separationsArcsec } = allWithin(sources, positions, largest);
  const takenBy = new Map<number, { position: number; arcsec: number }>();
  for (let position = 0; position < positions.ra.length; position++) {
    for (let k = offsets[position]; k < offsets[position + 1]; k++) {
      const [row, arcsec] = [rows[k], separationsArcsec[k]];
      const taken = takenBy.get(row);
      if (
        arcsec < (typeof radius === "number" ? radius : radius[row]) &&
        (!taken || arcsec < taken.arcsec)
      )
        takenBy.set(row, { position, arcsec });
    }
  }
  const isTaken = new Set([...takenBy.values()].map(({ position }) => position));
  return Int32Array.from(positions.ra, (_, position) =>
    isTaken.has(position) ? rows[offsets[position]] : -1,
  );
}
