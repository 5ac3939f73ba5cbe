import { describe, expect, it } from "vitest";
import {
  arcsecPerKpc,
  comovingDistanceMpc,
  distanceModulus,
  volumePerRedshift,
} from "./cosmology.ts";

// astropy.cosmology.FlatLambdaCDM(H0=70, Om0=0.3)
describe("flat ΛCDM, H0 = 70, Ωm = 0.3", () => {
  it.each([
    [0.01, 43.1583],
    [0.1, 460.3],
    [0.5, 2832.94],
    [1, 6607.66],
  ])("luminosity distance at z = %d is %d Mpc", (redshift, expected) => {
    expect(((1 + redshift) * comovingDistanceMpc(redshift)) / expected).toBeCloseTo(1, 4);
  });

  it("distance modulus and scale at z = 0.1", () => {
    expect(distanceModulus(0.1)).toBeCloseTo(38.315, 3);
    expect(1 / arcsecPerKpc(0.1)).toBeCloseTo(1.844, 3);
  });

  it("the volume of the whole sky to z = 1 is that of a sphere", () => {
    let volume = 0;
    for (let i = 0; i < 1000; i++)
      volume += (volumePerRedshift((i + 0.5) / 1000) / 1000) * 41252.96;
    expect(volume / ((4 / 3) * Math.PI * comovingDistanceMpc(1) ** 3)).toBeCloseTo(1, 4);
  });
});
