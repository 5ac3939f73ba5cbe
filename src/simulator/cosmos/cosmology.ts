/**
 * Flat ΛCDM with H0 = 70 km/s/Mpc and Ωm = 0.3, to redshift 8. Distances from a table: trapezoids
 * of c / H(z), linear in between, good to 1e-5.
 */
const [hubble, matter, lightSpeed] = [70, 0.3, 299792.458];
export const maxRedshift = 8;
const stepsPerUnit = 1000;

export function comovingDistanceMpc(redshift: number): number {
  const place = Math.min(redshift, maxRedshift) * stepsPerUnit;
  const i = Math.min(Math.floor(place), comoving.length - 2);
  return comoving[i] + (place - i) * (comoving[i + 1] - comoving[i]);
}

/**
 * m − M without K-correction, of a source whose flux per unit of frequency is compared with itself
 * at 10 pc.
 */
export function distanceModulus(redshift: number): number {
  return 25 + 5 * Math.log10((1 + redshift) * comovingDistanceMpc(redshift));
}

export function arcsecPerKpc(redshift: number): number {
  return (206.265 * (1 + redshift)) / comovingDistanceMpc(redshift);
}

/** Comoving volume between z and z + dz on a square degree, Mpc³, divided by dz. */
export function volumePerRedshift(redshift: number): number {
  return (
    (comovingDistanceMpc(redshift) ** 2 * distancePerRedshift(redshift)) / (180 / Math.PI) ** 2
  );
}

function distancePerRedshift(redshift: number): number {
  return lightSpeed / hubble / Math.sqrt(matter * (1 + redshift) ** 3 + 1 - matter);
}

const comoving = new Float64Array(maxRedshift * stepsPerUnit + 1);
for (let i = 1; i < comoving.length; i++) {
  comoving[i] =
    comoving[i - 1] +
    (distancePerRedshift((i - 1) / stepsPerUnit) + distancePerRedshift(i / stepsPerUnit)) /
      2 /
      stepsPerUnit;
}
