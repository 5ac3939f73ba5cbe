import { eventClass, exponential, normalWithin } from "./extragalactic.ts";
import { blackBody } from "./light-curves.ts";

/** Break of the luminosity function: ν L_ν = 10^43.1 erg/s in g. */
const breakMagnitude = -19.2;

export const tidalDisruption = eventClass({
  name: "tidal_disruption",
  title: "Tidal disruption event",
  about:
    "A star torn apart by the black hole in a galaxy's nucleus: a Gaussian rise and a fall as (t + t0)^−5/3 in g, a black body that stays at about " +
    "20,000 K. 310 per Gpc³ and year brighter than 10^43 erg/s (M about −17.3).",
  papers: [
    "Yao et al. 2023, ApJ 955, L6 (rate, luminosity function)",
    "van Velzen et al. 2021, ApJ 908, 4 (light curves, temperatures)",
    "Rees 1988, Nature 333, 523 (−5/3)",
  ],
  simbadType: "ev",
  tnsType: "TDE",
  lastsDays: [-150, 700],
  population: {
    density: () => 310e-9,
    brightest: -22.8,
    faintest: -17.3,
    abundance: (magnitude) =>
      1 /
      (10 ** (-0.12 * (magnitude - breakMagnitude)) + 10 ** (-1.04 * (magnitude - breakMagnitude))),
  },
  host: { characteristicMagnitude: -20, earlyShare: 0.5, place: "nucleus" },
  hostAv: exponential(0.1),
  light(random) {
    const riseDays = 12 * Math.exp(normalWithin(random, 0, 0.4, -1, 1));
    const fallDays = 70 * Math.exp(normalWithin(random, 0, 0.5, -1.2, 1));
    const kelvin = 20000 * Math.exp(normalWithin(random, 0, 0.25, -0.5, 0.7));
    return {
      at(days, restNm) {
        const brightness =
          days < 0 ? Math.exp(-0.5 * (days / riseDays) ** 2) : (1 + days / fallDays) ** (-5 / 3);
        return brightness * blackBody(restNm, kelvin, 478);
      },
      parameters: { riseDays, fallDays, kelvin },
    };
  },
});
