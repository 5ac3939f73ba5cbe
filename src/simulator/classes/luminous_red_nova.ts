import { eventClass, exponential, normalWithin } from "./extragalactic.ts";
import { blackBody, parabolicRise } from "./light-curves.ts";

export const luminousRedNova = eventClass({
  name: "luminous_red_nova",
  title: "Luminous red nova",
  about:
    "Two stars that merge: a blue first peak that fades in some 15 days, then a red second one or plateau for months, and a fast end. Black body from " +
    "7,000 to 2,700 K. 7.8e-5 per Mpc³ and year between M_r = −11 and −16, with dN/dL ∝ L^−2.5: nearly all are faint and nearby.",
  papers: [
    "Karambelkar et al. 2023, ApJ 948, 137 (rate, luminosity function)",
    "Pastorello et al. 2019, A&A 630, A75 (light curves)",
  ],
  simbadType: "No*",
  tnsType: "LRN",
  lastsDays: [-30, 400],
  population: {
    density: () => 7.8e-5,
    brightest: -16,
    faintest: -11,
    abundance: (magnitude) => 10 ** (0.6 * magnitude),
  },
  host: { characteristicMagnitude: -20.8, earlyShare: 0.1, place: "where the light is" },
  hostAv: exponential(0.3),
  light(random, absoluteMagnitude) {
    const riseDays = normalWithin(random, 7, 2, 3, 14);
    // brighter ones last longer
    const plateauDays = normalWithin(random, 110 - 14 * (absoluteMagnitude + 13), 25, 40, 220);
    const secondPeak = 10 ** (-0.4 * normalWithin(random, 0.7, 0.35, 0, 1.6));
    return {
      at(days, restNm) {
        const first = parabolicRise(days, riseDays) * Math.exp(-Math.max(days, 0) / 15);
        const second =
          secondPeak /
          ((1 + Math.exp((0.35 * plateauDays - days) / (0.08 * plateauDays))) *
            (1 + Math.exp((days - plateauDays) / (0.06 * plateauDays))));
        const kelvin = 2700 + 4300 * Math.exp(-Math.max(days, -5) / (0.5 * plateauDays));
        return (days < -riseDays ? 0 : first + second) * blackBody(restNm, kelvin, 622);
      },
      parameters: { riseDays, plateauDays, secondPeak },
    };
  },
});
