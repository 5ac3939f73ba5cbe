import { describe, expect, it } from "vitest";
import { separation } from "../../sky/angle.ts";
import { abMagnitude } from "../photometry.ts";
import { randomStream } from "../random.ts";
import { fieldsOf, isIn } from "../survey/fields.ts";
import { telescopes } from "../survey/telescope.ts";
import { clustersOf, placeIn } from "./clusters.ts";
import { galaxyAround } from "./galaxies.ts";

const host = {
  characteristicMagnitude: -21.2,
  earlyShare: 0.3,
  place: "where the light is",
} as const;
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

describe("host galaxies", () => {
  const random = randomStream(3);
  const galaxies = Array.from({ length: 2000 }, () => galaxyAround(host, 0.1, 0, random));

  it("at z = 0.1 are of 18th magnitude, some arcseconds large and redder in g than in r", () => {
    expect(median(galaxies.map((g) => abMagnitude(g.flux("r"))))).toBeCloseTo(17.5, 0);
    const radius = median(galaxies.map((g) => g.radiusArcsec));
    expect(radius).toBeGreaterThan(1);
    expect(radius).toBeLessThan(3);
    for (const g of galaxies.slice(0, 50))
      expect(abMagnitude(g.flux("g")) - abMagnitude(g.flux("r"))).toBeGreaterThan(0.4);
  });

  it("half of the events in discs are within the half-light ellipse", () => {
    const inside = galaxies.filter(
      ({ eastArcsec, northArcsec, angle, axisRatio, radiusArcsec }) => {
        const [s, c] = [Math.sin((angle * Math.PI) / 180), Math.cos((angle * Math.PI) / 180)];
        return (
          Math.hypot(
            northArcsec * c + eastArcsec * s,
            (eastArcsec * c - northArcsec * s) / axisRatio,
          ) < radiusArcsec
        );
      },
    );
    expect(inside.length / galaxies.length).toBeCloseTo(0.5, 1);
  });

  it("nuclei are in the centre", () => {
    expect(galaxyAround({ ...host, place: "nucleus" }, 0.1, 0, random)).toMatchObject({
      eastArcsec: 0,
      northArcsec: 0,
    });
  });
});

describe("clusters of galaxies", () => {
  const field = fieldsOf(telescopes.ztf)[226];
  const random = randomStream(5);
  const places = Array.from({ length: 4000 }, () => placeIn(field, 0.3, random));

  it("hold about a third of the galaxies, all in the field and near their redshift", () => {
    expect(places.every((p) => isIn(field, p.ra, p.dec) && Math.abs(p.redshift - 0.3) < 0.03)).toBe(
      true,
    );
    const cluster = clustersOf(field).toSorted(
      (a, b) => Math.abs(a.redshift - 0.3) - Math.abs(b.redshift - 0.3),
    )[0];
    const near = places.filter((p) => separation(p.ra, p.dec, cluster.ra, cluster.dec) < 0.15);
    expect(near.length / places.length).toBeGreaterThan(0.2);
    expect(near.length / places.length).toBeLessThan(0.4);
  });

  it("are the same each time", () => {
    expect(clustersOf({ ...field })).toEqual(clustersOf(field));
  });
});
