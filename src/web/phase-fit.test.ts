import { describe, expect, test } from "vitest";
import { fitHG, fitHG1G2, hg, hg1g2, type PhasePoint } from "./phase-fit.ts";

// what sbpy 0.6 (HG, HG1G2) gives at these phase angles

const angles = [0, 0.1, 0.5, 3, 7, 9, 15, 25, 40, 80];

test.each<[(angle: number) => number, number[]]>([
  [
    hg([0.15]),
    [
      0, 0.0137343417, 0.0653525752, 0.3043180856, 0.5343779401, 0.6194171698, 0.8367384113,
      1.1531934787, 1.5807065488, 2.7923478646,
    ],
  ],
  [
    hg1g2([0.2, 0.3]),
    [
      0, 0.0164139522, 0.1713217502, 0.5086618214, 0.7703867447, 0.8463263971, 1.0483488173,
      1.3486413986, 1.7379359503, 2.9142404293,
    ],
  ],
  [
    hg1g2([0.6, 0.1]),
    [
      0, 0.011485155, 0.1085995085, 0.3417430948, 0.5752306442, 0.6701867079, 0.9309863538,
      1.2945296485, 1.7464057813, 3.0478697434,
    ],
  ],
])("the dimming is sbpy's", (dimming, expected) => {
  angles.forEach((angle, i) => expect(dimming(angle)).toBeCloseTo(expected[i], 6));
});

describe("fits", () => {
  const noise = (i: number) => 0.03 * Math.sin(i * 12.9898) * Math.SQRT2;
  const curve = (dimming: (angle: number) => number, count: number, widest: number): PhasePoint[] =>
    Array.from({ length: count }, (_, i) => {
      const angle = (widest * (i + 0.5)) / count;
      const band = "gri"[i % 3];
      return {
        angle,
        band,
        magnitude: { g: 15.6, r: 15.1, i: 15 }[band]! + dimming(angle) + noise(i),
        error: 0.03,
      };
    });

  test("H of each band and G come back within their errors", () => {
    const fit = fitHG(curve(hg([0.27]), 60, 22))!;
    const [{ value, error }] = fit.slopes;
    expect(Math.abs(value - 0.27)).toBeLessThan(3 * error!);
    expect(error!).toBeLessThan(0.05);
    for (const [band, h] of Object.entries({ g: 15.6, r: 15.1, i: 15 }))
      expect(Math.abs(fit.h.get(band)!.value - h)).toBeLessThan(0.05);
    expect(fit.rms).toBeCloseTo(0.03, 2);
  });

  test("G1 and G2 come back where angles are wide enough", () => {
    const fit = fitHG1G2(curve(hg1g2([0.3, 0.35]), 90, 27))!;
    for (const [i, expected] of [0.3, 0.35].entries())
      expect(Math.abs(fit.slopes[i].value - expected)).toBeLessThan(3 * fit.slopes[i].error!);
    expect(fitHG1G2(curve(hg1g2([0.3, 0.35]), 90, 5))).toBeNull();
  });

  test("few points: the slope is the usual one, and says no error", () => {
    const fit = fitHG(curve(hg([0.15]), 3, 2))!;
    expect(fit.slopes).toEqual([{ name: "G", value: 0.15, error: null }]);
    expect(fitHG([])).toBeNull();
  });
});
