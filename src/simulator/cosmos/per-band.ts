import type { Band } from "../survey/telescope.ts";

/** The function (nowhere negative), computed once per band and only where asked for. */
export function perBand(compute: (band: Band) => number): (band: Band) => number {
  const known: Record<Band, number> = { u: -1, g: -1, r: -1, i: -1, z: -1, y: -1 };
  return (band) => (known[band] >= 0 ? known[band] : (known[band] = compute(band)));
}
