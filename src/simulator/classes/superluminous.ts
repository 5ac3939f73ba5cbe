import { eventClass, exponential, gaussian, normalWithin, starFormation } from "./extragalactic.ts";
import { bazin, blackBody, blanketed } from "./light-curves.ts";

export const superluminous = eventClass({
  name: "superluminous",
  title: "Superluminous supernova",
  about:
    "Hydrogen-poor (SLSN-I): a broad Bazin curve in g, its fall about twice as slow as its rise, with the colours of a black body that cools from " +
    "14,000 to 6,000 K and less light below 300 nm. In dwarf galaxies. 40 per Gpc³ and year today, following star formation.",
  papers: [
    "Quimby et al. 2013, MNRAS 431, 912; Frohmaier et al. 2021, MNRAS 500, 5142 (rate)",
    "Nicholl et al. 2015, MNRAS 452, 3869; Nicholl et al. 2017, ApJ 850, 55 (light curves, ultraviolet)",
    "De Cia et al. 2018, ApJ 860, 100 (absolute magnitudes, here without the bias of a flux-limited sample)",
    "Perley et al. 2016, ApJ 830, 13 (hosts)",
  ],
  simbadType: "SN*",
  tnsType: "SLSN-I",
  lastsDays: [-250, 700],
  population: {
    density: (z) => 40e-9 * starFormation(z),
    brightest: -23,
    faintest: -19.8,
    abundance: gaussian(-20.6, 0.7),
  },
  host: { characteristicMagnitude: -18.5, earlyShare: 0, place: "where the light is" },
  hostAv: exponential(0.15),
  light(random) {
    const riseDays = normalWithin(random, 11, 3.5, 5, 20);
    const fallDays = riseDays * 2 + normalWithin(random, 16, 8, 5, 40);
    const peakKelvin = normalWithin(random, 14000, 2000, 10000, 19000);
    return {
      at(days, restNm) {
        const kelvin = Math.max(6000, peakKelvin * Math.exp(-Math.max(days, -40) / 100));
        return (
          bazin(days, riseDays, fallDays) *
          blackBody(restNm, kelvin, 478) *
          blanketed(restNm, 300, 1)
        );
      },
      parameters: { riseDays, fallDays, peakKelvin },
    };
  },
});
