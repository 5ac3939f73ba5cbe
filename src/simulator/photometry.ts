/** nJy of an AB magnitude (Oke & Gunn 1983, ApJ 266, 713: 0 mag is 3631 Jy). */
export function abFlux(magnitude: number): number {
  return 10 ** (0.4 * (31.4 - magnitude));
}

/** AB magnitude of a flux in nJy, whatever its sign. */
export function abMagnitude(fluxNJy: number): number {
  return 31.4 - 2.5 * Math.log10(Math.abs(fluxNJy));
}
