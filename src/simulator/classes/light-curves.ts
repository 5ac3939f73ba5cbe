/** hc/k in nm K. */
const hcOverK = 1.438777e7;

/**
 * Luminosity per unit of frequency of a black body relative to that at another wavelength (and
 * another temperature).
 */
export function blackBody(
  nm: number,
  kelvin: number,
  relativeToNm: number,
  relativeToKelvin = kelvin,
): number {
  return (
    (relativeToNm / nm) ** 3 *
    (Math.expm1(hcOverK / (relativeToNm * relativeToKelvin)) / Math.expm1(hcOverK / (nm * kelvin)))
  );
}

/** Lines of metals absorb below that wavelength: what is left, (λ / λ0)^power. */
export function blanketed(nm: number, belowNm: number, power: number): number {
  return nm < belowNm ? (nm / belowNm) ** power : 1;
}

/**
 * Rise and exponential fall on these time scales (rise < fall), 1 at the peak, which is at 0: Bazin
 * et al. 2009, A&A 499, 653, eq. 1, without its constant.
 */
export function bazin(days: number, rise: number, fall: number): number {
  const share = rise / fall;
  return 1 / ((1 - share) * Math.exp(days / fall) + share * Math.exp(days / fall - days / rise));
}

/** From 0 at so many days before the peak at 0 to 1: a fireball that stops to grow. */
export function parabolicRise(days: number, rise: number): number {
  if (days >= 0) return 1;
  return days <= -rise ? 0 : 1 - (days / rise) ** 2;
}
