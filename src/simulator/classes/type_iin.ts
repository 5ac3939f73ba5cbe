import { eventClass, exponential, gaussian, normalWithin, starFormation } from "./extragalactic.ts";
import { bazin, blackBody, blanketed } from "./light-curves.ts";

export const typeIIn = eventClass({
  name: "type_iin",
  title: "Type IIn supernova",
  about:
    "Runs into gas that the star had shed: a slow Bazin curve in r with the colours of a black body that cools from 12,000 to 6,500 K. Of two kinds, " +
    "risen in about 20 and in about 50 days. 6 % of the core-collapse rate, which follows star formation.",
  papers: [
    "Perley et al. 2020, ApJ 904, 35 (core-collapse rate)",
    "Cold & Hjorth 2023, A&A 670, A48 (share)",
    "Nyholm et al. 2020, A&A 637, A73 (light curves; absolute magnitudes, here without the bias of a flux-limited sample)",
  ],
  simbadType: "SN*",
  tnsType: "SN IIn",
  lastsDays: [-200, 700],
  population: {
    density: (z) => 0.06 * 1.0e-4 * starFormation(z),
    brightest: -21.5,
    faintest: -15.5,
    abundance: gaussian(-17.2, 1.05),
  },
  host: { characteristicMagnitude: -20.3, earlyShare: 0, place: "where the light is" },
  hostAv: exponential(0.2),
  light(random) {
    const isSlow = random.uniform() < 0.3;
    const riseDays = isSlow
      ? normalWithin(random, 14, 3, 8, 22)
      : normalWithin(random, 6, 1.8, 3, 12);
    const fallDays = riseDays + normalWithin(random, isSlow ? 80 : 45, 15, 20, 120);
    return {
      at(days, restNm) {
        const kelvin = 6500 + 5500 * Math.exp(-Math.max(days, -30) / 50);
        return (
          bazin(days, riseDays, fallDays) *
          blackBody(restNm, kelvin, 622) *
          blanketed(restNm, 300, 1)
        );
      },
      parameters: { riseDays, fallDays },
    };
  },
});
